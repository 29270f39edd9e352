/**
 * Everything that is written to the database, by the one process that owns it. Methods run inside a transaction
 * that somebody else begins and commits (group.ts); each checks what it needs before it writes its first row.
 */
import type { AccountId, EnvelopeRecipient, Renewal, StoreErrorKind, Use } from '../store.js';
import { Changes, type Change } from './changes.js';
import type { Connection } from './database.js';
import { Holdings } from './holdings.js';
import type { Posting } from './posting.js';
import { prepareWrites, TextState, type BodyRow, type Writes } from './writes.js';

const CRLF_OCTETS = 2;

export class Writer {
  readonly #writes: Writes;
  readonly #changes: Changes;
  readonly #holdings: Holdings;
  #bodyNext: number;

  constructor(connection: Connection) {
    this.#writes = prepareWrites(connection);
    this.#changes = new Changes(connection);
    this.#holdings = new Holdings(this.#writes);
    this.#bodyNext = (this.#writes.lastBody.get() ?? 0) + 1;
  }

  /** Names for bodies are given out before their transaction; one that is never used is only a gap. */
  nextBody(): number {
    return this.#bodyNext++;
  }

  /** A whole message in one go. Returns the places in its envelope that it was not stored for, or why it was for none. */
  post(body: number, posting: Posting, octets: Uint8Array): Posted {
    const copies = this.#copies(posting);
    if (typeof copies === 'string') return copies;
    this.#writes.addBody.run(...bodyRow(body, posting, copies.taken.length));
    if (octets.length > 0) this.#writes.addChunk.run(body, 0, octets);
    this.#address(body, posting, copies.taken);
    return copies.leftOut;
  }

  /** A piece of a message that is still arriving: invisible until `finish`. */
  chunk(body: number, seq: number, octets: Uint8Array): void {
    if (seq === 0) this.#writes.beginBody.run(body);
    this.#writes.addChunk.run(body, seq, octets);
  }

  /** The message whose chunks are there is complete. Returns the same as `post`; the chunks of one that is not stored go. */
  finish(body: number, posting: Posting): Posted {
    const copies = this.#copies(posting);
    if (typeof copies === 'string') {
      this.drop(body);
      return copies;
    }
    this.#writes.finishBody.run(...bodyRow(body, posting, copies.taken.length));
    this.#address(body, posting, copies.taken);
    return copies.leftOut;
  }

  /** A message that will never be complete. */
  drop(body: number): void {
    this.#writes.removeChunks.run(body);
    this.#writes.removeBody.run(body);
  }

  /** Removes what is there of these; a body goes with its last message. */
  remove(account: AccountId, uids: readonly number[]): void {
    for (const uid of uids) {
      const removed = this.#writes.removeMessage.get(account, uid);
      if (removed === undefined) continue;
      const [body, octets] = removed;
      this.#holdings.subtract(account, octets);
      this.#release(body);
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

  /** Returns the account whose logins may not stand any more, if there is one. */
  change(change: Change): AccountId | undefined {
    const concerned = this.#changes.concerned(change);
    if (change.kind === 'remove-account') this.#empty(this.#changes.accountId(change.address));
    if (change.kind === 'set-quota')
      this.#holdings.setQuota(this.#changes.requireAccount(change.address), change.octets);
    else this.#changes.apply(change);
    return concerned;
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

  /** A body whose text waits to be decoded, oldest first. */
  nextUndecoded(): number | undefined {
    return this.#writes.nextUndecoded.get();
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
    this.#holdings.flush();
  }

  /** After ROLLBACK: what was remembered may not be so. */
  forget(): void {
    this.#holdings.forget();
  }

  /** Which copies are stored: store.ts says by which rule. @throws StoreError 'missing' for an account that is not there */
  #copies(posting: Posting): Copies | OverQuota {
    const { recipients, apart } = posting.envelope;
    const coming = new Map<AccountId, number>();
    const taken: number[] = [];
    const leftOut: number[] = [];
    let above = false;
    for (const [place, { account, trace }] of recipients.entries()) {
      const before = coming.get(account) ?? 0;
      const octets = before + octetsOf(posting, trace);
      const fits = this.#holdings.hasRoom(account, octets);
      above ||= !this.#holdings.hasRoom(account, before);
      if (fits || apart !== true) coming.set(account, octets);
      (fits ? taken : leftOut).push(place);
    }
    if (taken.length === 0) return 'over-quota';
    if (apart === true) return { taken, leftOut };
    return above ? 'over-quota-meanwhile' : { taken: [...recipients.keys()], leftOut: [] };
  }

  #address(body: number, posting: Posting, places: readonly number[]): void {
    const { recipients, receivedAtMs, reversePath } = posting.envelope;
    for (const place of places) {
      const { account, recipient, trace } = recipients[place] as EnvelopeRecipient;
      const octets = octetsOf(posting, trace);
      const uid = this.#holdings.add(account, octets);
      this.#writes.addMessage.run(account, uid, body, octets, receivedAtMs, reversePath, recipient, trace);
    }
  }

  #release(body: number): void {
    if (this.#writes.refs.get(body) === 1) this.drop(body);
    else this.#writes.unref.run(body);
  }

  #empty(account: AccountId | undefined): void {
    if (account === undefined) return;
    this.remove(account, this.#writes.uids.all(account));
    this.#holdings.drop(account);
  }
}

/** Why a message was stored for nobody. */
export type OverQuota = Extract<StoreErrorKind, 'over-quota' | 'over-quota-meanwhile'>;
/** The places in its envelope that a message was not stored for. */
export type Posted = readonly number[] | OverQuota;

/** Places in an envelope. */
interface Copies {
  readonly taken: readonly number[];
  readonly leftOut: readonly number[];
}

/** What RETR sends of one copy. */
function octetsOf({ octets, unterminated }: Posting, trace: Uint8Array): number {
  return trace.length + octets + (unterminated ? CRLF_OCTETS : 0);
}

function bodyRow(id: number, { summary, octets }: Posting, refs: number): BodyRow {
  return [
    refs,
    octets,
    summary.headerOctets,
    summary.from ?? null,
    summary.to ?? null,
    summary.subject ?? null,
    summary.date ?? null,
    summary.messageId ?? null,
    summary.decodes ? TextState.Undecoded : TextState.Raw,
    id,
  ];
}
