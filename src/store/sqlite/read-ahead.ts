/**
 * The messages of one open maildrop, read a few at a time for a client that takes them in order, as nearly all do: each
 * look into the database costs a read transaction. Holds a few small messages and never a large one. What was read ahead
 * is what was there when the maildrop was open, which is all that the session may see.
 */
import { StoreError, type AccountId } from '../store.js';
import type { Reader, SmallMessage } from './reader.js';

/** Of small messages: beside what is being sent, a session holds no more. */
const LIMIT = 16;

export class ReadAhead {
  readonly #reader: Reader;
  readonly #account: AccountId;
  /** The next one last. */
  #ahead: SmallMessage[] = [];
  /** Doubles while the client goes on in order. */
  #count = 1;
  #last = 0;

  constructor(reader: Reader, account: AccountId) {
    this.#reader = reader;
    this.#account = account;
  }

  /** @throws StoreError 'missing' */
  read(uid: number): Iterable<Uint8Array> {
    if (this.#ahead.at(-1)?.uid !== uid) this.#fill(uid);
    const message = this.#ahead.pop();
    if (message?.uid !== uid) throw new StoreError('missing', 'the message was removed');
    this.#last = uid;
    return message.pieces ?? this.#reader.message(this.#account, uid);
  }

  #fill(uid: number): void {
    const inOrder = this.#ahead.length === 0 && uid > this.#last && this.#last > 0;
    this.#count = inOrder ? Math.min(2 * this.#count, LIMIT) : 1;
    this.#ahead = this.#reader.messagesFrom(this.#account, uid, this.#count).reverse();
  }
}
