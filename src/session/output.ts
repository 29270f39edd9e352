/**
 * What a session has to say: held while more is to come in the same turn, then written together.
 * A long reply is pulled only as fast as the client takes it, and no further than the session's turn goes. A piece of it that
 * the disk keeps waiting is waited for, and what there is to say meanwhile leaves.
 */
import type { Channel } from './channel.js';
import type { Source } from '../store/source.js';
import type { Reply } from './reply.js';
import { STEPS_PER_LOOK, type Turn } from './turns.js';

/** Held output is written when it reaches this, whatever else waits: one large write costs no less than two. */
const HELD_LIMIT_BYTES = 64 * 1024;
/** The clock is looked at after so many bytes of a long reply, a piece counting for some whatever its size. */
const LOOK_BYTES = 16 * 1024;
const PIECE_BYTES = 256;

export class Output {
  readonly #channel: Channel;
  readonly #turn: Pick<Turn, 'isQueued' | 'goesOn'>;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  readonly #resume: () => void;
  #body: Source | undefined;
  /** Gives the piece that was waited for, or throws what came instead. */
  #come: (() => Uint8Array | undefined) | undefined;
  #awaits = false;
  #blocked = false;
  #unlookedBytes = 0;

  /** `resume` is called when a piece that was waited for has come: `pull` goes on with it. */
  constructor(channel: Channel, turn: Pick<Turn, 'isQueued' | 'goesOn'>, resume: () => void) {
    this.#channel = channel;
    this.#turn = turn;
    this.#resume = resume;
  }

  /** True while a reply is not wholly handed to the network: nothing else may be answered meanwhile. */
  get busy(): boolean {
    return this.#blocked || this.#body !== undefined;
  }

  /** Whether it waits for the server's own disk. */
  get awaits(): boolean {
    return this.#awaits;
  }

  /** @throws what the reply's body throws; the reply is then broken off. */
  say(reply: Reply): void {
    this.#hold(reply.head);
    if (reply.body === undefined) return;
    this.#body = reply.body;
    this.pull();
  }

  /** The client took what was written. @throws what the reply's body throws. */
  drained(): void {
    this.#blocked = false;
    this.pull();
  }

  /** Goes on with a long reply, if there is one. @throws what its body throws. */
  pull(): void {
    this.#takeWhatCame();
    while (this.#body !== undefined && !this.#blocked && !this.#turn.isQueued && !this.#awaits) {
      const piece = this.#body.next();
      if (piece instanceof Promise) this.#await(piece, this.#body);
      else this.#take(piece);
    }
  }

  flush(): void {
    if (this.#heldBytes === 0) return;
    const pieces = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    const [first] = pieces;
    this.#blocked = !(pieces.length === 1 ? this.#channel.write(first as Uint8Array) : this.#channel.writeAll(pieces));
  }

  /** Drops the rest of a reply that nobody waits for any more. */
  abandon(): void {
    this.#body?.close();
    this.#body = undefined;
    this.#awaits = false;
    this.#come = undefined;
  }

  #takeWhatCame(): void {
    const come = this.#come;
    if (come === undefined) return;
    this.#come = undefined;
    this.#awaits = false;
    this.#take(come());
  }

  #await(piece: Promise<Uint8Array | undefined>, body: Source): void {
    this.#awaits = true;
    const came = (come: () => Uint8Array | undefined): void => {
      if (this.#body !== body) return; // Nobody waits for it any more.
      this.#come = come;
      this.#resume();
    };
    piece.then(
      (octets) => came(() => octets),
      (error: unknown) =>
        came(() => {
          throw error;
        }),
    );
  }

  /** Undefined behind the last. */
  #take(piece: Uint8Array | undefined): void {
    if (piece === undefined) {
      this.#body = undefined;
      return;
    }
    this.#hold(piece);
    this.#unlookedBytes += piece.length + PIECE_BYTES;
    if (this.#unlookedBytes < LOOK_BYTES) return;
    this.#unlookedBytes = 0;
    this.#turn.goesOn(STEPS_PER_LOOK);
  }

  #hold(piece: Uint8Array): void {
    this.#held.push(piece);
    this.#heldBytes += piece.length;
    if (this.#heldBytes >= HELD_LIMIT_BYTES) this.flush();
  }
}
