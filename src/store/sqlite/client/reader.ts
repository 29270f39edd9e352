/** What sessions read from the database: logins, where addresses lead, and the messages of one maildrop. */
import type { Resolution } from '../../deliveries.js';
import type { Device, DeviceId, ListedDevice } from '../../devices.js';
import type { Account, Grant } from '../../logins.js';
import type { RecipientUse } from '../../recipient-limits.js';
import type { ViewId } from '../../maildrops.js';
import type { AccountId, Address, MaybePromise } from '../../shapes.js';
import { loginOfDevice, readDeviceName, readLoginName } from '../../rules/login-name.js';
import { StoreError } from '../../errors.js';
import type { FileSpace } from '../database/disk-space.js';
import type { NameCache } from '../database/name-cache.js';
import { normalizeLocalPart } from '../../rules/names.js';
import {
  scopesOf,
  type CredentialRow,
  type LoginRow,
  type MaildropRow,
  type MessageRow,
  type RangeRow,
  type SmallRow,
  type SumRow,
} from '../database/reads.js';
import { AutoreplyReader } from './autoreplies.js';
import { CollectorReader } from './collectors.js';
import { DirectoryReader } from './directory-reader.js';
import { QueueReader } from './queue-reader.js';
import { RelayLoginReader } from './relay-logins.js';
import { RemovedReader } from './removed-reader.js';
import { OpenReads, type ReaderOptions } from './open-reads.js';
import type { NewestReads } from '../database/newest-reads.js';
import type { MailSearch } from '../database/mail-search.js';
import type { WebSessionReads } from '../database/web-sessions.js';
import type { RouteReads } from '../database/route-rows.js';

/** A larger message is read when it is asked for, a chunk at a time. */
const SMALL_OCTETS = 8 * 1024;

/** Each of its methods throws a StoreError when the database cannot be read. */
export class Reader {
  readonly directory: DirectoryReader;
  readonly queue: QueueReader;
  readonly relayLogins: RelayLoginReader;
  readonly autoreplies: AutoreplyReader;
  readonly collectors: CollectorReader;
  readonly removedMail: RemovedReader;
  readonly #open: OpenReads;

  constructor(path: string, options: ReaderOptions) {
    this.#open = new OpenReads(path, options);
    this.directory = new DirectoryReader(this.#open);
    this.queue = new QueueReader(this.#open);
    this.relayLogins = new RelayLoginReader(this.#open);
    this.autoreplies = new AutoreplyReader(this.#open);
    this.collectors = new CollectorReader(this.#open);
    this.removedMail = new RemovedReader(this.#open);
  }

  resolve(address: Address, cache: NameCache | undefined): MaybePromise<Resolution> {
    return this.#open.names.resolve(address, cache);
  }

  get webSessions(): WebSessionReads {
    return this.#open.webSessions;
  }

  get newest(): NewestReads {
    return this.#open.newest;
  }

  get routes(): RouteReads {
    return this.#open.routes;
  }

  get search(): MailSearch {
    return this.#open.search;
  }

  recipientUse(account: AccountId): RecipientUse {
    return this.#open.recipients.of(account, Date.now());
  }

  /** A name without a domain means the first domain. */
  findLogin(name: string): Account | undefined {
    const { local, domain } = readLoginName(name);
    const { reads, names } = this.#open;
    const id = domain === undefined ? names.firstDomain() : reads.domain.get(domain);
    if (id === undefined) return undefined;
    return this.#login(id, local) ?? this.#loginOfDevice(id, local);
  }

  #login(domain: number, local: string): Account | undefined {
    const { reads } = this.#open;
    const row = reads.login.get(domain, normalizeLocalPart(local));
    return row && accountOf(row, reads.credentials.all(row.id));
  }

  #loginOfDevice(domain: number, local: string): Account | undefined {
    const name = readDeviceName(local);
    const account = name && this.#login(domain, name.account);
    return account && loginOfDevice(account, name);
  }

  stands({ account, credential, scope, passwordVersion }: Grant): boolean {
    const { reads } = this.#open;
    if (credential === undefined) return reads.passwordStands.get(account, passwordVersion) !== undefined;
    const scopes = reads.credentialScopes.get(account, credential, passwordVersion);
    return scopes !== undefined && scopesOf({ scopes }).includes(scope);
  }

  loginAddress(name: string): string {
    const { local, domain } = readLoginName(name);
    const device = readDeviceName(local);
    const isAccount = device === undefined || this.findLogin(name)?.passwordHash !== undefined;
    const account = isAccount ? normalizeLocalPart(local) : device.account;
    const { firstDomainName, reads } = this.#open;
    const named = domain ?? firstDomainName ?? reads.domains.all('', 1)[0]?.name ?? '';
    return `${account}@${reads.domainName.get(named) ?? named}`;
  }

  devices(): readonly Device[] {
    return this.#open.devices.all();
  }

  listedDevices(): readonly ListedDevice[] {
    return this.#open.devices.listed();
  }

  device(id: DeviceId): Device | undefined {
    return this.#open.devices.find(id);
  }

  leastExpireDays(): number | undefined {
    return this.#open.views.leastExpireDays.get() ?? undefined;
  }

  saltSecret(): Uint8Array {
    const secret = this.#open.reads.saltSecret.get();
    if (secret === undefined) throw new StoreError('unavailable', 'the database has lost its secret for salts');
    return secret;
  }

  /** What it holds at this moment. @throws StoreError 'missing' */
  maildrop(account: AccountId): MaildropRow {
    const row = this.#open.reads.maildrop.get(account);
    if (row === undefined) throw new StoreError('missing', 'the account was removed');
    return row;
  }

  /** Removals of the account's messages whose ranges are not taken over into those of the account. */
  removals(account: AccountId): readonly number[] {
    return this.#open.reads.removals.all(account);
  }

  /** The first range of such a removal that ends at this uid or behind it. */
  removing(removal: number, uid: number): RangeRow | undefined {
    return this.#open.reads.removing.get(removal, uid, removal, uid);
  }

  /** The first range of what the account has removed that ends at this uid or behind it. */
  removed(account: AccountId, uid: number): RangeRow | undefined {
    return this.#open.reads.removed.get(account, uid, account, uid);
  }

  /** The first range of what a view does not show that ends at this uid or behind it. */
  hidden(account: AccountId, view: ViewId, uid: number): RangeRow | undefined {
    return this.#open.views.hidden.get(account, view, uid, account, view, uid);
  }

  /** Of at most so many messages, from the index alone: how many, their octets, and the last of them. */
  sums(
    account: AccountId,
    { from, before, limit }: { readonly from: number; readonly before: number; readonly limit: number },
  ): SumRow {
    return this.#open.views.sums.get(account, from, before, limit) as SumRow; // Of aggregates alone there is always one.
  }

  /** Messages in order, from the index alone; `before` is behind the last. */
  messages(
    account: AccountId,
    { from, before, limit }: { readonly from: number; readonly before: number; readonly limit: number },
  ): [uid: number, octets: number][] {
    return this.#open.reads.listing.all(account, from, before, limit);
  }

  /** UIDLs that messages of these uids brought along. */
  keptUidls(account: AccountId, first: number, last: number): ReadonlyMap<number, string> {
    return new Map(this.#open.reads.keptUidls.all(account, first, last));
  }

  /** The uid that comes so many messages behind the first one at or behind `from`. */
  uidAfter(
    account: AccountId,
    { from, before, limit }: { readonly from: number; readonly before: number; readonly limit: number },
  ): number | undefined {
    return this.#open.reads.uidAfter.get(account, from, before, limit);
  }

  /** This message and those that follow it, as many as there are; only small ones with their octets. */
  messagesFrom(account: AccountId, uid: number, limit: number): SmallRow {
    const row = this.#open.reads.messagesFrom.get(SMALL_OCTETS, account, uid, limit);
    return row as SmallRow; // Of aggregates alone there is always one.
  }

  message(account: AccountId, uid: number): MessageRow | undefined {
    return this.#open.reads.message.get(account, uid);
  }

  /** A message that is sent on. */
  outgoing(message: number): MessageRow | undefined {
    return this.#open.queue.message.get(message);
  }

  chunk(body: number, seq: number): Uint8Array | undefined {
    return this.#open.reads.chunk.get(body, seq);
  }

  fileSpace(): FileSpace {
    return this.#open.reads.fileSpace.get() as FileSpace; // It is always one row.
  }

  close(): void {
    this.#open.close();
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
    hasViews: row.keeps_mail !== 0,
    expireDays: row.expire_days ?? undefined,
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
