/**
 * When each account last opened its maildrop, written a little later: a login then costs no commit of its own, and many
 * logins cost one. What is not written yet when the process dies is lost; nothing but `last_login` depends on it.
 */
import type { AccountId } from '../../shapes.js';
import type { Write } from './group.js';

const DELAY_MS = 1_000;

export class LastLogins {
  readonly #add: (write: Write) => void;
  #latest = new Map<AccountId, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(add: (write: Write) => void) {
    this.#add = add;
  }

  note(account: AccountId, atMs: number): void {
    this.#latest.set(account, atMs);
    this.#timer ??= setTimeout(() => this.flush(), DELAY_MS);
  }

  /** Adds what waits to the next group. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const logins = this.#latest;
    if (logins.size === 0) return;
    this.#latest = new Map();
    this.#add({
      act: (writer) => {
        for (const [account, atMs] of logins) writer.loggedIn(account, atMs);
      },
      done: () => undefined,
      failed: () => undefined, // Told by the group's observer; nobody waits.
      bytes: 0,
    });
  }
}
