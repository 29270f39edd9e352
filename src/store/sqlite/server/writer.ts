/**
 * Everything that is written to the database, by the one process that owns it. Methods run inside a transaction
 * that somebody else begins and commits (group.ts); each checks what it needs before it writes its first row.
 */
import type { EnvelopeRecipient } from '../../deliveries.js';
import type { Renewal, Use } from '../../logins.js';
import { judgeCopies, type Copies, type OverLimit } from '../../rules/copies.js';
import type { AccountId, Address } from '../../shapes.js';
import { AutoreplyWriter } from './autoreply-writer.js';
import { Bodies } from './bodies.js';
import { bodyRow, octetsOf, references } from './body-row.js';
import { applyChange, type Changed } from './change-table.js';
import { Changes } from './changes.js';
import { HiddenMail, type View } from './hidden-mail.js';
import { CollectorWriter } from './collector-writer.js';
import { HistoryWriter } from './history-writer.js';
import { ImportTable } from './imports.js';
import type { Change } from '../protocol/change.js';
import type { Connection } from '../database/database.js';
import { DeviceTable } from '../database/devices.js';
import { IndexWriter } from './index-writer.js';
import { MailboxCounters } from './mailbox-counters.js';
import type { MessageMetadata } from '../protocol/message-frame.js';
import { QueueWriter } from './queue-writer.js';
import { RelayLoginWriter } from './relay-login-writer.js';
import { WebSessionWriter } from './web-session-writer.js';
import { DIRECT_LIMIT, pairs, RemovalWriter, type Ranges } from './removal-writer.js';
import { SubmissionLimits } from './submission-limits.js';
import { Sweep, type Keeping } from './sweep.js';
import { TextStates } from './text-states.js';
import { prepareRemovalWrites } from '../database/removal-writes.js';
import { prepareWrites, type Writes } from '../database/writes.js';

/** What of it is not told is kept for ever, as for a command that is the store for a moment. */
export type WriterOptions = Partial<Keeping>;

const NOTHING_SHORT_OR_OPEN = { isShort: () => false, isOpen: () => false };

export class Writer {
  readonly queue: QueueWriter;
  readonly devices: DeviceTable;
  readonly history: HistoryWriter;
  readonly texts: TextStates;
  readonly index: IndexWriter;
  readonly #relayLogins: RelayLoginWriter;
  readonly #webSessions: WebSessionWriter;
  readonly collectors: CollectorWriter;
  readonly #autoreplies: AutoreplyWriter;
  readonly #writes: Writes;
  readonly #changes: Changes;
  readonly #counters: MailboxCounters;
  readonly #limits: SubmissionLimits;
  readonly #imports: ImportTable;
  readonly #hidden: HiddenMail;
  readonly removals: RemovalWriter;
  readonly #bodies: Bodies;
  readonly #sweep: Sweep;
  #bodyNext: number;
  #leftovers = false;

  constructor(connection: Connection, options: WriterOptions = {}) {
    const kept = { keepDeliveriesMs: Infinity, keepRemovedMs: Infinity, keepArrivalsMs: Infinity };
    const keeping = { ...kept, ...NOTHING_SHORT_OR_OPEN, ...options };
    this.#writes = prepareWrites(connection);
    this.devices = new DeviceTable(connection);
    this.history = new HistoryWriter(connection, keeping.isShort);
    this.texts = new TextStates(this.#writes);
    this.#hidden = new HiddenMail(connection);
    this.#changes = new Changes(connection, this.devices);
    this.#counters = new MailboxCounters(this.#writes);
    this.#limits = new SubmissionLimits(connection);
    this.#imports = new ImportTable(connection);
    this.index = new IndexWriter(connection);
    this.#bodies = new Bodies(this.#writes, this.index);
    this.#bodyNext = (this.#writes.lastBody.get() ?? 0) + 1;
    this.queue = new QueueWriter(connection, this.#bodies);
    this.#relayLogins = new RelayLoginWriter(connection, () => this.queue.ledger.wake());
    this.#webSessions = new WebSessionWriter(connection);
    this.collectors = new CollectorWriter(connection);
    this.#autoreplies = new AutoreplyWriter(connection);
    const [bodies, counters, removals] = [this.#bodies, this.#counters, prepareRemovalWrites(connection)];
    const keeps = { keeps: keeping.keepRemovedMs > 0, isShort: keeping.isShort };
    const hidden = this.#hidden;
    this.removals = new RemovalWriter({ writes: removals, counters, bodies, hidden, ...keeps });
    const firsts = { body: this.#bodyNext, removal: this.removals.next() };
    const expiring = { removals: this.removals, counters };
    const index = this.index;
    this.#sweep = new Sweep(connection, { ...keeping, bodies, index, hidden, removals, firsts, expiring });
  }

  /** Names for bodies are given out before their transaction; one that is never used is only a gap. */
  nextBody(): number {
    return this.#bodyNext++;
  }

  /** A whole message in one go. Returns the places in its envelope that it was not stored for, or why it was for none. */
  post(body: number, metadata: MessageMetadata, octets: Uint8Array): Posted {
    const copies = this.#copies(metadata);
    if (typeof copies === 'string') return copies;
    if (copies.taken.length === 0) return copies.refused;
    this.queue.leases.settleWith(metadata);
    this.#writes.addBody.run(...bodyRow(body, metadata, references(metadata, copies.taken)));
    if (octets.length > 0) this.#writes.addChunk.run(body, 0, octets);
    this.#address(body, metadata, copies.taken, octets);
    return copies.refused;
  }

  /** A piece of a message that is still arriving: invisible until `finish`. */
  chunk(body: number, seq: number, octets: Uint8Array): void {
    if (seq === 0) this.#writes.beginBody.run(body);
    this.#writes.addChunk.run(body, seq, octets);
  }

  /** The message whose chunks are there is complete. Returns the same as `post`; the chunks of one that is not stored go. */
  finish(body: number, metadata: MessageMetadata): Posted {
    const copies = this.#copies(metadata);
    if (typeof copies === 'string' || copies.taken.length === 0) {
      this.drop(body, metadata.octets);
      return typeof copies === 'string' ? copies : copies.refused;
    }
    this.queue.leases.settleWith(metadata);
    this.#writes.finishBody.run(...bodyRow(body, metadata, references(metadata, copies.taken)));
    this.#address(body, metadata, copies.taken);
    return copies.refused;
  }

  /** A message that will never be complete: its chunks are deleted later, or now when there are few. */
  drop(body: number, octets = Infinity): void {
    this.#bodies.drop(body, octets);
  }

  /** @throws StoreError 'missing' */
  hide(view: View, ranges: Ranges): void {
    this.#counters.require(view.account);
    for (const range of pairs(ranges)) this.#hidden.hide(view, range);
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

  /** @throws StoreError */
  change(change: Change): Changed {
    return applyChange(change, {
      directory: this.#changes,
      queue: this.queue,
      relayLogins: this.#relayLogins,
      webSessions: this.#webSessions,
      index: this.index,
      collectors: this.collectors,
      autoreplies: this.#autoreplies,
      removeAccount: (address) => this.#removeAccount(address),
      renameAccount: (address, to, leavesAlias) => this.#renameAccount(address, to, leavesAlias),
      setQuota: (address, { octets = null, messages = null }) =>
        this.#counters.setQuota(this.#changes.names.requireAccount(address), [octets, messages]),
      setDomainQuota: (name, { octets = null, messages = null }) =>
        this.#counters.setDomainQuota(this.#changes.names.requireDomain(name), [octets, messages]),
      removeDomain: (name) => this.#counters.dropDomain(this.#changes.names.removeDomain(name)),
      setExpiry: (address, days) => this.#expireSoon(() => this.#changes.setExpiry(address, days)),
      setDomainExpiry: (name, days) => this.#expireSoon(() => this.#changes.setDomainExpiry(name, days)),
      setRecipientLimits: (address, limits) => this.#limits.set(this.#changes.names.requireAccount(address), limits),
      restoreMail: (address, numbers) => this.removals.restore(this.#changes.names.requireAccount(address), numbers),
      undoRemoval: (address, removal, afterMs) =>
        this.removals.undo(this.#changes.names.requireAccount(address), removal, afterMs),
    });
  }

  #expireSoon(change: () => void): void {
    change();
    this.#sweep.expiry.soon();
    this.#leftovers = true;
  }

  /** Makes a domain local if it is not. */
  ensureDomain(name: string): void {
    this.#changes.names.ensureDomain(name);
  }

  /** Made by a migration, so it is there. */
  get saltSecret(): Uint8Array {
    return this.#writes.saltSecret.get() as Uint8Array;
  }

  get hasAccounts(): boolean {
    return this.#changes.hasAccounts;
  }

  /**
   * Deletes what nobody sees any more: messages that were removed long enough ago, removed accounts, bodies that never became
   * complete. Ends after so many milliseconds, or a little later; true when nothing is left.
   */
  sweep(ms = Infinity): boolean {
    return this.#sweep.run(performance.now() + ms);
  }

  /** Whether it is time for a look at what expires. */
  get isExpiryDue(): boolean {
    return this.#sweep.expiry.isDue();
  }

  /** How many removals were purged before their time since this was last asked. */
  takePurgedEarly(): number {
    return this.#sweep.takeEarly();
  }

  /** Whether something was left to `sweep` since this was last asked. */
  takeLeftovers(): boolean {
    const left = [this.#leftovers, this.#bodies.takeLeftovers(), this.removals.takeLeftovers()];
    this.#leftovers = false;
    return left.includes(true);
  }

  /** Before COMMIT. */
  flush(): void {
    this.#counters.flush();
    this.queue.ledger.flush();
    this.#bodies.beginGroup();
  }

  /** Between two groups: a shell may have changed what accounts may hold, and what expires; there may be something to sweep. */
  directoryWritten(): void {
    this.#counters.forget();
    this.#sweep.expiry.soon();
  }

  /** After ROLLBACK: what was remembered may not be so. */
  forget(): void {
    this.#counters.forget();
    this.#sweep.expiry.forget();
    this.queue.forget();
    this.#bodies.beginGroup();
  }

  /** @throws StoreError 'missing' for an account that is not there */
  #copies(metadata: MessageMetadata): Copies | OverLimit {
    if (this.#limits.isOver(metadata)) return 'over-limit';
    if (this.devices.isOverRate(metadata.envelope.device)) return 'over-rate';
    return judgeCopies(metadata.envelope, {
      octetsOf: (trace) => octetsOf(metadata, trace),
      quotasOf: (account) => this.#counters.quotasOf(account),
      isKnown: (copy) => this.#imports.isKnown(copy),
    });
  }

  #address(body: number, metadata: MessageMetadata, places: readonly number[], octets?: Uint8Array): void {
    const { recipients, receivedAtMs, reversePath, outgoing, device } = metadata.envelope;
    for (const place of places) {
      const copy = recipients[place] as EnvelopeRecipient;
      if (copy.kind === 'remote') continue;
      const { account, recipient, trace, imported } = copy;
      const copied = octetsOf(metadata, trace);
      const uid = this.#counters.add(account, copied);
      const id = this.index.nextMessage();
      this.#writes.addMessage.run(id, account, uid, body, copied, receivedAtMs, reversePath, recipient, trace);
      if (imported !== undefined) this.#imports.add(account, uid, imported);
    }
    if (device !== undefined) this.devices.accepted(device, Date.now());
    if (outgoing === undefined) return;
    this.queue.add(body, metadata, outgoing, octets);
    this.#limits.count(metadata);
  }

  #renameAccount(address: Address, to: Address, leavesAlias: boolean): void {
    const account = this.#changes.names.requireAccount(address);
    this.#counters.require(account); // Of the domain that it leaves.
    this.#counters.move(account, this.#changes.names.renameAccount(address, to, leavesAlias));
  }

  /** Of one that holds much only the mark is written, and its rows are deleted later. */
  #removeAccount(address: Address): void {
    const account = this.#changes.names.requireAccount(address);
    this.#changes.detachAccount(address, account);
    for (const part of [this.collectors, this.#autoreplies]) part.detach(account);
    const isLong = this.#counters.messages(account) > DIRECT_LIMIT || this.#imports.hasAny(account);
    if (isLong || this.removals.hasRemoved(account) || this.#hidden.hasAny(account)) {
      this.removals.giveUpAll(account); // Of a session that is about to end.
      this.#writes.markAccount.run(account);
      this.#leftovers = true;
    } else {
      this.removals.delete(account, [0, Number.MAX_SAFE_INTEGER]);
      this.#sweep.forgetAges(account);
      this.#changes.deleteAccount(account);
    }
    this.#counters.drop(account);
  }
}

/** The places in its envelope that a message was not stored for. */
export type Posted = readonly number[] | OverLimit;
