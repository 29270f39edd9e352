/**
 * The reads that sessions wait for: made at once while their pages are in memory, and by a thread (slow-reads.ts) while the disk
 * is slow (disk-pace.ts). A large message always begins in the thread, which shows how the rest will come. So nobody waits for a
 * page that somebody else reads.
 */
import { RunDelay } from '../../../runtime/run-delay.js';
import type { Account } from '../../logins.js';
import type { AccountId, MaybePromise } from '../../shapes.js';
import type { Source } from '../../source.js';
import { DiskPace } from './disk-pace.js';
import { smallMessages, sourceOf, type SmallMessage } from './message-octets.js';
import { perform, type Read } from './read.js';
import type { Reader } from './reader.js';
import type { MaildropRow, MessageRow, SmallRow } from '../database/reads.js';
import { SlowReads, type SlowReadData } from './slow-reads.js';

/** With 8 ms a page, a message up to this keeps a worker for less than a tenth of a second, before it is known that the disk is slow. */
const LARGE_OCTETS = 32 * 1024;

export class PacedReads {
  readonly #reader: Reader;
  readonly #slow: SlowReads;
  readonly #pace = new DiskPace();
  /** Made when it is wanted: few processes ever suspect their disk. */
  #runDelay: RunDelay | undefined;

  constructor(reader: Reader, data: SlowReadData) {
    this.#reader = reader;
    this.#slow = new SlowReads(
      data,
      (waitedMs) => this.#pace.note(waitedMs, 0, performance.now()),
      (read) => this.#timed(() => perform(reader, read)),
    );
  }

  get isSlow(): boolean {
    return this.#pace.isSlow(performance.now());
  }

  findLogin(name: string): MaybePromise<Account | undefined> {
    if (this.isSlow) return this.#slow.read({ kind: 'login', name });
    return this.#timed(() => this.#reader.findLogin(name));
  }

  /** @throws StoreError 'missing' */
  maildrop(account: AccountId): MaybePromise<MaildropRow> {
    if (this.isSlow) return this.#slow.read({ kind: 'maildrop', account });
    return this.#timed(() => this.#reader.maildrop(account));
  }

  /** This message and those that follow it, as many as there are; only small ones with their octets. @throws StoreError */
  messagesFrom(account: AccountId, uid: number, limit: number): MaybePromise<SmallMessage[]> {
    if (this.isSlow) return this.#slow.read<SmallRow>({ kind: 'messages', account, uid, limit }).then(smallMessages);
    return smallMessages(this.#timed(() => this.#reader.messagesFrom(account, uid, limit)));
  }

  /** The octets that RETR sends. @throws StoreError 'missing' at once, before the first piece */
  message(account: AccountId, uid: number): MaybePromise<Source> {
    if (this.isSlow) return this.#later({ kind: 'message', account, uid });
    return this.#source(this.#timed(() => this.#reader.message(account, uid)));
  }

  /** The octets that are sent on. @throws StoreError 'missing' at once, before the first piece */
  outgoing(message: number): MaybePromise<Source> {
    if (this.isSlow) return this.#later({ kind: 'outgoing', message });
    return this.#source(this.#timed(() => this.#reader.outgoing(message)));
  }

  close(): void {
    this.#runDelay?.close();
    this.#runDelay = undefined;
    this.#slow.end();
  }

  async #later(read: Read): Promise<Source> {
    return this.#source(await this.#slow.read<MessageRow | undefined>(read));
  }

  #source(row: MessageRow | undefined): Source {
    return sourceOf(row, (body, seq) => this.#chunk(body, seq, row?.octets ?? 0));
  }

  #chunk(body: number, seq: number, octets: number): MaybePromise<Uint8Array | undefined> {
    if (this.isSlow || (seq === 0 && octets > LARGE_OCTETS)) return this.#slow.read({ kind: 'chunk', body, seq });
    return this.#timed(() => this.#reader.chunk(body, seq));
  }

  #timed<T>(read: () => T): T {
    const runDelay = this.#pace.isSuspect ? (this.#runDelay ??= new RunDelay()) : undefined;
    const delayedMs = runDelay?.ms ?? 0;
    const startedMs = performance.now();
    const found = read();
    const endedMs = performance.now();
    this.#pace.note(endedMs - startedMs, runDelay && runDelay.ms - delayedMs, endedMs);
    return found;
  }
}
