/**
 * Everything that is read from the database, on a read-only connection of the process that asks.
 * Statements are short: none stays open while anybody waits, so that no reader pins the WAL.
 */
import type { Resolution } from '../../deliveries.js';
import type { AccountSummary, AliasEntry, CredentialSummary } from '../../directory.js';
import type { Account, Grant } from '../../logins.js';
import type { AccountId, Address, Scope, Soon } from '../../shapes.js';
import { readLoginName } from '../../login-name.js';
import { StoreError } from '../../errors.js';
import type { Slices } from '../../../runtime/slices.js';
import type { AccountRow } from '../database/expansion.js';
import type { NameCache } from '../database/name-cache.js';
import { Names, normal } from '../database/names.js';
import { isPassing, reading } from '../database/sqlite-error.js';
import { openForReading, type Connection } from '../database/database.js';
import { isSqliteError } from '../database/driver.js';
import { piecesOf } from './message-octets.js';
import {
  prepareReads,
  type CredentialRow,
  type DomainRow,
  type LoginRow,
  type MailboxRow,
  type MaildropRow,
  type MailRow,
  type MessageRow,
  type Reads,
  type RoomInside,
  type SmallRow,
} from '../database/reads.js';

/** A larger message is read when it is asked for, a chunk at a time. */
const SMALL_OCTETS = 8 * 1024;

/** Of what the directory lists: no list is held as a whole. */
const PAGE_LENGTH = 500;

interface Prepared {
  readonly reads: Reads;
  readonly names: Names;
}

export interface ReaderOptions {
  /** Where a name without a domain lives; the oldest domain unless told. */
  readonly firstDomain: string | undefined;
  /** For what takes long. */
  readonly slices: Slices;
}

export class Reader {
  readonly #path: string;
  #connection: Connection | undefined;
  #prepared: Prepared | undefined;
  readonly #firstDomainName: string | undefined;
  readonly #slices: Slices;

  constructor(path: string, { firstDomain, slices }: ReaderOptions) {
    this.#path = path;
    this.#firstDomainName = firstDomain;
    this.#slices = slices;
    this.#tryToOpen();
  }

  /**
   * The first statement opens the WAL and its index: not later, when this process may have no descriptors left. A disk that is
   * full may have no room for the index, or for any table: then each use tries again.
   */
  #tryToOpen(): void {
    try {
      this.#prepared = this.#open;
    } catch (error) {
      if (!isSqliteError(error) && !isPassing((error as Error).cause)) throw error;
    }
  }

  /** @throws StoreError 'unavailable' */
  get #open(): Prepared {
    if (this.#prepared !== undefined) return this.#prepared;
    this.#connection ??= openForReading(this.#path);
    return (this.#prepared = this.#prepare(this.#connection));
  }

  #prepare(connection: Connection): Prepared {
    const reads = prepareReads(connection);
    const options = { reads, slices: this.#slices, firstDomainName: this.#firstDomainName };
    return { reads, names: new Names(connection, options) };
  }

  /** SQLite's errors leave it as StoreErrors that name the file. */
  #read<T>(act: (reads: Reads, names: Names) => T): T {
    return reading(() => {
      const { reads, names } = this.#open;
      return act(reads, names);
    }, this.#path);
  }

  /** @throws StoreError */
  resolve(address: Address, cache: NameCache | undefined): Soon<Resolution> {
    return this.#read((_, names) => names.resolve(address, cache));
  }

  /** A name without a domain means the first domain. */
  findLogin(name: string): Account | undefined {
    const { local, domain } = readLoginName(name);
    return this.#read((reads, names) => {
      const id = domain === undefined ? names.firstDomain() : reads.domain.get(domain);
      const row = id === undefined ? undefined : reads.login.get(id, normal(local));
      return row && accountOf(row, reads.credentials.all(row.id));
    });
  }

  stands({ account, credential, scope, passwordVersion }: Grant): boolean {
    if (credential === undefined)
      return this.#read((reads) => reads.passwordStands.get(account, passwordVersion)) !== undefined;
    const scopes = this.#read((reads) => reads.credentialScopes.get(account, credential));
    return scopes !== undefined && scopesOf({ scopes }).includes(scope);
  }

  loginAddress(name: string): string {
    const { local, domain } = readLoginName(name);
    return `${normal(local)}@${domain ?? this.#firstDomainName ?? this.domains('', 1)[0] ?? ''}`;
  }

  saltSecret(): Uint8Array {
    const secret = this.#read((reads) => reads.saltSecret.get());
    if (secret === undefined) throw new StoreError('unavailable', 'the database has lost its secret for salts');
    return secret;
  }

  credentials(address: Address): readonly CredentialSummary[] {
    const { id } = this.#account(address);
    return this.#read((reads) => reads.credentials.all(id)).map((row) => ({
      name: row.name,
      scopes: scopesOf(row),
      createdAtMs: row.created_at,
      lastUsedAtMs: row.last_used_at ?? undefined,
      lastUsedFrom: row.last_used_from ?? undefined,
    }));
  }

  /** What it holds at this moment. @throws StoreError 'missing' */
  maildrop(account: AccountId): MaildropRow {
    const row = this.#read((reads) => reads.maildrop.get(account));
    if (row === undefined) throw new StoreError('missing', 'the account was removed');
    return row;
  }

  /** Removals of the account's messages that are not wholly deleted. */
  removals(account: AccountId): readonly number[] {
    return this.#read((reads) => reads.removals.all(account));
  }

  /** The first range of a removal that ends at this uid or behind it. */
  removed(removal: number, uid: number): readonly [first: number, last: number] | undefined {
    return this.#read((reads) => reads.removed.get(removal, uid, removal, uid));
  }

  /** Messages in order, from the index alone; `before` is behind the last. */
  messages(
    account: AccountId,
    { from, before, limit }: { readonly from: number; readonly before: number; readonly limit: number },
  ): [uid: number, octets: number][] {
    return this.#read((reads) => reads.listing.all(account, from, before, limit));
  }

  /** The uid that comes so many messages behind the first one at or behind `from`. */
  uidAfter(
    account: AccountId,
    { from, before, limit }: { readonly from: number; readonly before: number; readonly limit: number },
  ): number | undefined {
    return this.#read((reads) => reads.uidAfter.get(account, from, before, limit));
  }

  /** This message and those that follow it, as many as there are; only small ones with their octets. */
  messagesFrom(account: AccountId, uid: number, limit: number): SmallRow {
    const row = this.#read((reads) => reads.messagesFrom.get(SMALL_OCTETS, account, uid, limit));
    return row as SmallRow; // Of aggregates alone there is always one.
  }

  message(account: AccountId, uid: number): MessageRow | undefined {
    return this.#read((reads) => reads.message.get(account, uid));
  }

  chunk(body: number, seq: number): Uint8Array | undefined {
    return this.#read((reads) => reads.chunk.get(body, seq));
  }

  /** Those behind this address, by domain and name. */
  accounts(after: string): readonly AccountSummary[] {
    return this.#byDomain(after, ({ id }, local, limit) =>
      this.#read((reads) => reads.accounts.all(id, local, limit)),
    ).map(accountSummary);
  }

  /** Undefined when there is no such account. */
  countMail({ local, domain }: Address): number | undefined {
    return this.#read((reads) => {
      const id = reads.domain.get(domain);
      return id === undefined ? undefined : reads.messagesHeld.get(id, normal(local));
    });
  }

  /** Those behind this name, oldest first. */
  domains(after = '', limit = PAGE_LENGTH): readonly string[] {
    return this.#read((reads) => reads.domains.all(after, limit));
  }

  /** Those behind this address, by domain and name, each with all its targets. */
  aliases(after: string): readonly AliasEntry[] {
    return this.#byDomain(after, ({ id, name }, local, limit) =>
      this.#aliasesOf(id, local, limit).map(([alias, targets]) => ({ address: `${alias}@${name}`, targets })),
    );
  }

  /** The last entry of a page may be cut: it is read as a whole. */
  #aliasesOf(domain: number, after: string, limit: number): readonly (readonly [string, readonly string[]])[] {
    const entries = new Map<string, string[]>();
    for (const { local, target } of this.#read((reads) => reads.aliases.all(domain, after, limit))) {
      const targets = entries.get(local);
      if (targets === undefined) entries.set(local, [target]);
      else targets.push(target);
    }
    const last = [...entries.keys()].at(-1);
    if (last !== undefined)
      entries.set(
        last,
        this.#read((reads) => reads.alias.all(domain, last)),
      );
    return [...entries];
  }

  /** Up to a page of what `find` gives of each domain in turn, behind an address. */
  #byDomain<T>(after: string, find: (domain: DomainRow, local: string, limit: number) => readonly T[]): readonly T[] {
    const at = after.lastIndexOf('@');
    const begun = {
      name: after.slice(at + 1),
      id: at === -1 ? undefined : this.#read((reads) => reads.domain.get(after.slice(at + 1))),
    };
    const page: T[] = [];
    if (begun.id !== undefined) page.push(...find({ name: begun.name, id: begun.id }, after.slice(0, at), PAGE_LENGTH));
    for (let { name } = begun; page.length < PAGE_LENGTH;) {
      const behind = name;
      const domain = this.#read((reads) => reads.nextDomain.get(behind));
      if (domain === undefined) break;
      page.push(...find(domain, '', PAGE_LENGTH - page.length));
      ({ name } = domain);
    }
    return page;
  }

  /** What `mail list` shows of these messages of the account, in order. */
  mail(account: AccountId, uids: readonly number[]): readonly MailRow[] {
    return this.#read((reads) => reads.mail.all(JSON.stringify(uids), account));
  }

  /** @throws StoreError 'missing' */
  accountId(address: Address): AccountId {
    return this.#account(address).id;
  }

  /** The octets that RETR sends. @throws StoreError 'missing' at once, before the first piece. */
  messageOf(address: Address, uid: number): Iterable<Uint8Array> {
    const pieces = piecesOf(this.message(this.#account(address).id, uid), (body, seq) => this.chunk(body, seq));
    return pieces as Iterable<Uint8Array>; // Where nobody is waited for there is no promise.
  }

  /** @throws StoreError 'unavailable' */
  roomInside(): RoomInside {
    return this.#read((reads) => reads.roomInside.get() as RoomInside); // It is always one row.
  }

  close(): void {
    this.#connection?.close();
  }

  #account({ local, domain }: Address): AccountRow {
    const row = this.#read((reads) => {
      const id = reads.domain.get(domain);
      return id === undefined ? undefined : reads.account.get(id, normal(local));
    });
    if (row === undefined) throw new StoreError('missing', `There is no account ${local}@${domain}`);
    return row;
  }
}

function accountOf(row: LoginRow, credentials: readonly CredentialRow[]): Account {
  return {
    id: row.id,
    address: row.address,
    passwordHash: row.password_hash,
    passwordVersion: row.password_version,
    scram: row.scram ?? undefined,
    enabled: row.enabled !== 0,
    lastUsedFrom: row.last_used_from ?? undefined,
    credentials: credentials.map((one) => ({
      id: one.id,
      name: one.name,
      scopes: scopesOf(one),
      hash: one.hash,
      scram: one.scram ?? undefined,
      lastUsedFrom: one.last_used_from ?? undefined,
    })),
  };
}

function accountSummary(row: MailboxRow): AccountSummary {
  return {
    address: row.address,
    messages: row.messages,
    octets: row.octets,
    quotaOctets: row.quota_octets ?? undefined,
    createdAtMs: row.created_at,
    lastDeliveryAtMs: row.last_delivery_at ?? undefined,
    lastLoginAtMs: row.last_login_at ?? undefined,
    enabled: row.enabled !== 0,
  };
}

function scopesOf({ scopes }: Pick<CredentialRow, 'scopes'>): readonly Scope[] {
  return scopes.split(',') as Scope[];
}
