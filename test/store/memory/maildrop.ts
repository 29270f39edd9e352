/** An open maildrop of the store in memory: the messages that were there when it was opened. */
import { Buffer } from 'node:buffer';
import { StoreError } from '../../../src/store/errors.js';
import type { Maildrop, MessageInfo, NumberRange, ViewId } from '../../../src/store/maildrops.js';
import type { MaybePromise } from '../../../src/store/shapes.js';
import type { Source } from '../../../src/store/source.js';
import type { Account, Message } from './data.js';
import type { Answers, MemoryStore } from './store.js';

const PAGE_LENGTH = 256;
const PIECE_OCTETS = 64 * 1024;
const CRLF = Buffer.from('\r\n');

export class MemoryMaildrop implements Maildrop {
  readonly count: number;
  readonly octets: number;
  readonly #store: MemoryStore;
  readonly #account: Account;
  readonly #lock: number;
  readonly #messages: readonly Message[];

  constructor(store: MemoryStore, account: Account, { lock, view }: { readonly lock: number; readonly view?: ViewId }) {
    this.#store = store;
    this.#account = account;
    this.#lock = lock;
    const hidden = view === undefined ? undefined : account.hidden.get(view);
    this.#messages = account.messages.filter(({ uid }) => hidden?.has(uid) !== true);
    this.count = this.#messages.length;
    this.octets = this.#messages.reduce((sum, { octets }) => sum + octets, 0);
  }

  pages(): Source<readonly MessageInfo[]> {
    const pages = Array.from({ length: Math.ceil(this.count / PAGE_LENGTH) }, (_, at) =>
      this.#messages.slice(at * PAGE_LENGTH, (at + 1) * PAGE_LENGTH).map((message) => infoOf(this.#account, message)),
    );
    return sourceOf(pages, this.#store.answers);
  }

  find(number: number): MaybePromise<MessageInfo | undefined> {
    return this.#store.answers(() => {
      const message = this.#messages[number - 1];
      return message && infoOf(this.#account, message);
    });
  }

  read(id: number): MaybePromise<Source> {
    return readMessage(this.#store, this.#account, id);
  }

  async remove(numbers: Iterable<NumberRange>): Promise<void> {
    const uids = new Set<number>();
    for (const [first, last] of numbers) for (const { uid } of this.#messages.slice(first - 1, last)) uids.add(uid);
    await this.#store.answers(() => {
      this.#store.requireLife();
      const held = this.#store.server.locks.heldBy(this.#account.id, { owner: this.#store, lock: this.#lock });
      if (held === undefined) throw new StoreError('unavailable', 'the lock of the maildrop was lost');
      if (held.view === undefined) this.#store.data.removeMessages(this.#account, uids, held.holder.from);
      else this.#store.data.hideMessages(this.#account, held.view, uids);
    });
  }

  async release(): Promise<void> {
    await this.#store.answers(() => this.#store.release(this.#account.id, this.#lock));
  }
}

/** As RETR sends it. @throws StoreError 'missing', also later */
export function readMessage(store: MemoryStore, account: Account, uid: number): MaybePromise<Source> {
  return store.answers(() => {
    const message = account.messages.find((one) => one.uid === uid);
    if (message === undefined) throw new StoreError('missing', 'the message was removed');
    const { trace, body } = message;
    return sourceOf(piecesOf(trace, body.octets, message.octets), store.answers);
  });
}

/** Trace headers and a body, with the CRLF that makes it so many octets. */
export function piecesOf(trace: Uint8Array, body: Uint8Array, octets: number): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [trace];
  for (let at = 0; at < body.length; at += PIECE_OCTETS) pieces.push(body.subarray(at, at + PIECE_OCTETS));
  if (trace.length + body.length < octets) pieces.push(CRLF);
  return pieces;
}

export function infoOf({ validity }: Account, { uid, octets, uidl }: Message): MessageInfo {
  return { id: uid, uidl: uidl ?? `${validity}.${uid}`, octets };
}

/** Each piece comes as answers do, and so does the end. */
export function sourceOf<T>(pieces: readonly T[], answers: Answers): Source<T> {
  let at = 0;
  return { next: () => answers(() => pieces[at++]), close: () => (at = pieces.length) };
}
