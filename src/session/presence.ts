/**
 * Whether the client of a session is still there, for what is done in its name meanwhile: a maildrop that others want, or one
 * that it waits for itself. The session says what it knows; what the network has for it, and nobody has read yet, is waited for.
 */
import { setImmediate as nextLook, setTimeout as setTimer } from 'node:timers/promises';

/** What is asked of a session. */
export interface Leaver {
  /** It ends without a further word of its client: that is gone or says nothing more, or has said its last. */
  readonly isLeaving: boolean;
  /** What came is not read as yet: it has to wait for its turn, or for room. */
  readonly isBehind: boolean;
}

/** Looks at the network: the last words of a client and its end come one after the other. */
const LOOKS = 4;
/** For one that is behind. A flood, whose end cannot be seen, then counts as alive. */
const BEHIND_LOOK_MS = 5;
const BEHIND_LOOKS = 50;

export class Presence {
  readonly #gone = new AbortController();
  #session: Leaver | undefined;

  /** Aborted when the client is gone altogether; who only says nothing more may still want its answers. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  of(session: Leaver): void {
    this.#session = session;
  }

  end(): void {
    this.#gone.abort();
  }

  async isLeaving(): Promise<boolean> {
    const session = this.#session;
    if (session === undefined) return false;
    for (let looks = 0; looks < LOOKS && !session.isLeaving; looks++) await nextLook();
    for (let looks = 0; looks < BEHIND_LOOKS && session.isBehind && !session.isLeaving; looks++)
      await setTimer(BEHIND_LOOK_MS);
    return session.isLeaving;
  }
}
