/**
 * The messages of one open maildrop, read a few at a time for a client that takes them in order, as nearly all do: each
 * look into the database costs a read transaction. Holds a few small messages and never a large one. What was read ahead
 * is what was there when the maildrop was open, which is all that the session may see.
 */
import { StoreError } from '../../errors.js';
import type { AccountId, MaybePromise } from '../../shapes.js';
import { ArraySource, type Source } from '../../source.js';
import type { SmallMessage } from './message-octets.js';
import type { PacedReads } from './paced-reads.js';

/** Of small messages: beside what is being sent, a session holds no more. */
const LIMIT = 16;
const SLOW_LIMIT = 4;

export class ReadAhead {
  readonly #reads: PacedReads;
  readonly #account: AccountId;
  /** The next one last. */
  #ahead: SmallMessage[] = [];
  /** Doubles while the client goes on in order. */
  #count = 1;
  #last = 0;

  constructor(reads: PacedReads, account: AccountId) {
    this.#reads = reads;
    this.#account = account;
  }

  /** @throws StoreError 'missing' */
  read(uid: number): MaybePromise<Source> {
    const filled = this.#ahead.at(-1)?.uid === uid ? undefined : this.#fill(uid);
    return filled === undefined ? this.#next(uid) : filled.then(() => this.#next(uid));
  }

  #next(uid: number): MaybePromise<Source> {
    const message = this.#ahead.pop();
    if (message?.uid !== uid) throw new StoreError('missing', 'the message was removed');
    this.#last = uid;
    return message.pieces === undefined ? this.#reads.message(this.#account, uid) : new ArraySource(message.pieces);
  }

  /** A slow disk is asked for few at once: others wait behind them. */
  #fill(uid: number): Promise<void> | undefined {
    const inOrder = this.#ahead.length === 0 && uid > this.#last && this.#last > 0;
    this.#count = inOrder ? Math.min(2 * this.#count, this.#reads.isSlow ? SLOW_LIMIT : LIMIT) : 1;
    const found = this.#reads.messagesFrom(this.#account, uid, this.#count);
    if (found instanceof Promise) return found.then((messages) => this.#keep(messages));
    this.#keep(found);
    return undefined;
  }

  #keep(messages: SmallMessage[]): void {
    this.#ahead = messages.reverse();
  }
}
