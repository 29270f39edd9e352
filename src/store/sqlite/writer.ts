/**
 * Everything that is written to the database, by the one process that owns it. Methods run inside a transaction
 * that somebody else begins and commits (group.ts); each checks what it needs before it writes its first row.
 */
import { StoreError, type AccountId, type Envelope, type Renewal, type Use } from '../store.js';
import { Changes, type Change } from './changes.js';
import type { Connection } from './database.js';
import type { Posting } from './posting.js';
import { prepareWrites, TextState, type BodyRow, type Writes } from './writes.js';

const CRLF_OCTETS = 2;

export class Writer {
  readonly #writes: Writes;
  readonly #changes: Changes;
  /** Accounts seen, with the uid that their next message gets; written back before the group commits. */
  readonly #uidNext = new Map<AccountId, number>();
  readonly #grown = new Set<AccountId>();
  /** No uid below it is given out: an older copy of the database, put back, knows nothing of the newest uids. */
  readonly #uidFloor = Date.now();
  #bodyNext: number;

  constructor(connection: Connection) {
    this.#writes = prepareWrites(connection);
    this.#changes = new Changes(connection);
    this.#bodyNext = (this.#writes.lastBody.get() ?? 0) + 1;
  }

  /** Names for bodies are given out before their transaction; one that is never used is only a gap. */
  nextBody(): number {
    return this.#bodyNext++;
  }

  /** A whole message in one go. */
  post(body: number, posting: Posting, octets: Uint8Array): void {
    this.#requireAccounts(posting.envelope);
    this.#writes.addBody.run(bodyRow(body, posting));
    if (octets.length > 0) this.#writes.addChunk.run(body, 0, octets);
    this.#address(body, posting);
  }

  /** A piece of a message that is still arriving: invisible until `finish`. */
  chunk(body: number, seq: number, octets: Uint8Array): void {
    if (seq === 0) this.#writes.beginBody.run(body);
    this.#writes.addChunk.run(body, seq, octets);
  }

  /** The message whose chunks are there is complete. */
  finish(body: number, posting: Posting): void {
    this.#requireAccounts(posting.envelope);
    this.#writes.finishBody.run(bodyRow(body, posting));
    this.#address(body, posting);
  }

  /** A message that will never be complete. */
  drop(body: number): void {
    this.#writes.removeChunks.run(body);
    this.#writes.removeBody.run(body);
  }

  /** Removes what is there of these; a body goes with its last message. */
  remove(account: AccountId, uids: readonly number[]): void {
    for (const uid of uids) {
      const body = this.#writes.removeMessage.get(account, uid);
      if (body !== undefined) this.#release(body);
    }
  }

  loggedIn(account: AccountId, atMs: number): void {
    this.#writes.loggedIn.run(atMs, account);
  }

  /** When, and by whom, a password was last used. */
  used({ account, credential, from }: Use, atMs: number): void {
    if (credential === undefined) this.#writes.passwordUsed.run(atMs, from, account);
    else this.#writes.credentialUsed.run(atMs, from, account, credential);
  }

  renew({ account, credential, was, secrets: { hash, scram } }: Renewal): void {
    if (credential === undefined) this.#writes.renewPassword.run(hash, scram ?? null, account, was);
    else this.#writes.renewCredential.run(hash, scram ?? null, account, credential, was);
  }

  change(change: Change): void {
    if (change.kind === 'remove-account') this.#empty(this.#changes.accountId(change.address));
    this.#changes.apply(change);
  }

  /** Makes a domain local if it is not. */
  ensureDomain(name: string): void {
    this.#changes.ensureDomain(name);
  }

  /** Made by a migration, so it is there. */
  get saltSecret(): Uint8Array {
    return this.#writes.saltSecret.get() as Uint8Array;
  }

  get hasAccounts(): boolean {
    return this.#changes.hasAccounts;
  }

  accountId(address: Parameters<Changes['accountId']>[0]): AccountId | undefined {
    return this.#changes.accountId(address);
  }

  /** A body whose text waits to be decoded, oldest first. */
  nextUndecoded(after: number): number | undefined {
    return this.#writes.nextUndecoded.get(after);
  }

  /** Durable before the decoding begins: a text that takes the whole process with it is not tried again. */
  decoding(body: number): void {
    this.#writes.decoding.run(body);
  }

  /** The store ends in order: what was being decoded is decoded after the next start. */
  decodeAgain(): void {
    this.#writes.decodeAgain.run();
  }

  /** Bodies during whose decoding the store last ended; their raw text is shown from now on. */
  interrupted(): readonly number[] {
    return this.#writes.interrupted.all();
  }

  /** Undefined when decoding failed: the raw text is shown then. */
  decoded(body: number, text: string | undefined): void {
    this.#writes.decoded.run(text === undefined ? TextState.Failed : TextState.Decoded, text ?? null, body);
  }

  /** Bodies that were still arriving when the store last ended. Returns how many there were. */
  sweep(): number {
    const bodies = this.#writes.arriving.all();
    for (const body of bodies) this.drop(body);
    return bodies.length;
  }

  /** Before COMMIT. */
  flush(): void {
    for (const account of this.#grown) this.#writes.setUidNext.run(this.#uidNext.get(account), account);
    this.#grown.clear();
  }

  /** After ROLLBACK: what was remembered may not be so. */
  forget(): void {
    this.#uidNext.clear();
    this.#grown.clear();
  }

  #requireAccounts({ recipients }: Envelope): void {
    for (const { account } of recipients) {
      if (this.#uidNext.has(account)) continue;
      const uid = this.#writes.uidNext.get(account);
      if (uid === undefined) throw new StoreError('missing', `account ${account} was removed`);
      this.#uidNext.set(account, Math.max(uid, this.#uidFloor));
    }
  }

  #address(body: number, { envelope, octets, unterminated }: Posting): void {
    const ending = unterminated ? CRLF_OCTETS : 0;
    for (const { account, recipient, trace } of envelope.recipients) {
      const uid = this.#uidNext.get(account) as number;
      const total = trace.length + octets + ending;
      this.#writes.addMessage.run(
        account,
        uid,
        body,
        total,
        envelope.receivedAtMs,
        envelope.reversePath,
        recipient,
        trace,
      );
      this.#uidNext.set(account, uid + 1);
      this.#grown.add(account);
    }
  }

  #release(body: number): void {
    if (this.#writes.refs.get(body) === 1) this.drop(body);
    else this.#writes.unref.run(body);
  }

  #empty(account: AccountId | undefined): void {
    if (account === undefined) return;
    this.remove(account, this.#writes.uids.all(account));
    this.#uidNext.delete(account);
  }
}

function bodyRow(id: number, { envelope, summary, octets }: Posting): BodyRow {
  return {
    id,
    refs: envelope.recipients.length,
    octets,
    header: summary.headerOctets,
    from: summary.from ?? null,
    to: summary.to ?? null,
    subject: summary.subject ?? null,
    date: summary.date ?? null,
    messageId: summary.messageId ?? null,
    state: summary.decodes ? TextState.Undecoded : TextState.Raw,
  };
}
