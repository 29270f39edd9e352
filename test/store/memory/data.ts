/** What a store in memory holds, and what outlives its restarts. */
import { randomBytes } from 'node:crypto';
import type { Autoreply } from '../../../src/store/autoreplies.js';
import type { CollectorLogin } from '../../../src/store/collectors.js';
import type { Imported } from '../../../src/store/deliveries.js';
import type { ExpireDays } from '../../../src/store/directory.js';
import type { ViewId } from '../../../src/store/maildrops.js';
import type { Held, Quota, Room } from '../../../src/store/quotas.js';
import type { OwnLimits, RecipientUse } from '../../../src/store/recipient-limits.js';
import { mayKeepUidl } from '../../../src/store/rules/imports.js';
import { NOTHING, quotaOf, roomsOf, sumOf, takes } from '../../../src/store/rules/quotas.js';
import { slotsAt } from '../../../src/store/rules/recipient-limits.js';
import type { Address, Scope, Secrets } from '../../../src/store/shapes.js';
import type { WebSession } from '../../../src/store/web-sessions.js';
import type { RelayLogin } from '../../../src/store/relay-logins.js';
import type { Aliases, Forwards } from '../../../src/store/rules/expansion.js';
import type { Route } from '../../../src/store/routes.js';
import { addressOf, addressText } from '../../../src/store/rules/names.js';
import { StoreError } from '../../../src/store/errors.js';
import { refusals } from '../../../src/store/rules/refusals.js';
import type { DeviceData } from './devices.js';
import { QueueData } from './queue-data.js';

/** Shared by the messages of all recipients, and by what of it is queued. */
export interface Body {
  readonly octets: Buffer;
  references: number;
}

export interface Message {
  readonly uid: number;
  readonly trace: Buffer;
  readonly body: Body;
  /** What RETR sends. */
  readonly octets: number;
  readonly receivedAtMs: number;
  readonly reversePath: string;
  /** The one that it brought along. */
  readonly uidl?: string | undefined;
}

/** It keeps its body. */
export interface RemovedMessage {
  readonly number: number;
  readonly message: Message;
  readonly removedAtMs: number;
  readonly client: string;
}

export interface Used {
  lastUsedAtMs: number | undefined;
  lastUsedFrom: string | undefined;
}

export interface Credential extends Used {
  readonly id: number;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAtMs: number;
  secrets: Secrets;
}

export interface Account extends Used {
  readonly id: number;
  local: string;
  domain: string;
  address: string;
  readonly validity: string;
  readonly createdAtMs: number;
  secrets: Secrets;
  passwordVersion: number;
  enabled: boolean;
  /** Mail, while it is disabled. */
  refuses: boolean;
  forwards: Forwards;
  /** Of its password, since which it has its name. */
  nameVersion: number;
  quota: Quota;
  keepsMail: boolean;
  expireDays: ExpireDays;
  /** Uids, by the view that does not show them. */
  readonly hidden: Map<ViewId, Set<number>>;
  limits: OwnLimits;
  /** Recipients elsewhere, by slot. */
  readonly submitted: Map<number, number>;
  lastDeliveryAtMs: number | undefined;
  lastLoginAtMs: number | undefined;
  uidNext: number;
  /** Of all messages. */
  octets: number;
  messages: Message[];
  /** In the order in which they came. */
  removed: RemovedMessage[];
  /** What was removed up to this moment is purged. */
  purgedToMs: number;
  credentials: Credential[];
  /** Keys of messages that came by an import, in hexadecimal digits, with the UIDLs that those kept. */
  readonly imported: Map<string, { readonly uidl: string | undefined; readonly atMs: number }>;
}

export class MemoryData implements Aliases<Account> {
  readonly saltSecret = randomBytes(32);
  /** Oldest first. */
  readonly domains: string[] = [];
  /** Each with the domain that it is another name of. */
  readonly domainAliases = new Map<string, string>();
  /** Of those that have one. */
  readonly domainQuotas = new Map<string, Quota>();
  /** By address, oldest first. */
  readonly byAddress = new Map<string, Account>();
  readonly byId = new Map<number, Account>();
  /** What each leads to, in order. */
  readonly aliases = new Map<string, string[]>();
  /** In days, by domain. */
  readonly expiry = new Map<string, number>();
  readonly routes = new Map<string, Route>();
  readonly devices = new Map<number, DeviceData>();
  readonly bodies = new Set<Body>();
  /** By user. */
  readonly collectors = new Map<number, CollectorLogin>();
  /** By the hash of the token. */
  readonly webSessions = new Map<string, WebSession>();
  /** By account: what it answers, and when it has answered whom. */
  readonly autoreplies = new Map<number, { readonly autoreply: Autoreply; readonly answered: Map<string, number> }>();
  readonly relayLogins = new Map<string, RelayLogin>();
  readonly queue = new QueueData((body) => void this.bodies.delete(body));
  readonly #keepRemovedMs: number;
  #lastId = 0;

  constructor(keepRemovedMs: number) {
    this.#keepRemovedMs = keepRemovedMs;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  /** Those of one password. */
  dropWebSessions(account: number, credential: number | undefined): void {
    for (const { id, grant } of [...this.webSessions.values()])
      if (grant.account === account && grant.credential === credential) this.webSessions.delete(id);
  }

  accounts(names: readonly string[]): readonly Account[] {
    return names.map((name) => this.byAddress.get(name)).filter((account) => account !== undefined);
  }

  targets(names: readonly string[]): readonly string[] {
    return names.flatMap((name) => this.aliases.get(name) ?? []);
  }

  elsewhere(names: readonly string[]): readonly string[] {
    return names.filter((name) => !this.hasDomain(addressOf(name).domain));
  }

  /** Under the name of the domain that has its names. */
  placed({ local, domain }: Address): Address {
    return { local, domain: this.domainAliases.get(domain) ?? domain };
  }

  hasDomain(name: string): boolean {
    return this.domains.includes(name);
  }

  ensureDomain(name: string): void {
    if (this.hasDomain(name)) return;
    this.domains.push(name);
    const localized = (target: string) => (target.endsWith(`@${name}`) ? addressText(addressOf(target)) : target);
    for (const [alias, targets] of this.aliases) this.aliases.set(alias, [...new Set(targets.map(localized))]);
  }

  addMessage(account: Account, trace: Uint8Array, body: Body, facts: Omit<Message, 'uid' | 'trace' | 'body'>): void {
    account.messages.push({ uid: account.uidNext++, trace: Buffer.from(trace), body, ...facts });
    account.octets += facts.octets;
    account.lastDeliveryAtMs = facts.receivedAtMs;
    body.references += 1;
    this.bodies.add(body);
  }

  importedAtMs(account: Account, key: Uint8Array): number | undefined {
    return account.imported.get(Buffer.from(key).toString('hex'))?.atMs;
  }

  /** The UIDL that it keeps. */
  addImported(account: Account, { key, uidl }: Imported): string | undefined {
    const isFree = uidl !== undefined && ![...account.imported.values()].some((one) => one.uidl === uidl);
    const kept = isFree && mayKeepUidl(uidl, account.validity) ? uidl : undefined;
    account.imported.set(Buffer.from(key).toString('hex'), { uidl: kept, atMs: Date.now() });
    return kept;
  }

  recipientUse(account: Account | undefined, atMs = Date.now()): RecipientUse {
    const { hour, hourEnd, day, dayEnd } = slotsAt(atMs);
    const between = (first: number, last: number): number =>
      [...(account?.submitted ?? [])]
        .filter(([slot]) => slot >= first && slot <= last)
        .reduce((sum, [, recipients]) => sum + recipients, 0);
    const own = account?.limits ?? { perHour: 'default', perDay: 'default' };
    return { lastHour: between(hour, hourEnd), lastDay: between(day, dayEnd), own };
  }

  countRecipients({ submitted }: Account, recipients: number, atMs: number): void {
    const { present } = slotsAt(atMs);
    submitted.set(present, (submitted.get(present) ?? 0) + recipients);
  }

  /** Nobody sees them any more; they are purged later. */
  removeMessages(account: Account, uids: ReadonlySet<number>, client: string): void {
    const removedAtMs = Date.now();
    for (const message of account.messages.filter(({ uid }) => uids.has(uid))) {
      account.octets -= message.octets;
      account.removed.push({ number: this.nextId(), message, removedAtMs, client });
    }
    account.removed.sort((one, other) => one.message.uid - other.message.uid);
    account.messages = account.messages.filter(({ uid }) => !uids.has(uid));
    this.purge();
  }

  /** This view does not show them any more. */
  hideMessages({ hidden }: Account, view: ViewId, uids: ReadonlySet<number>): void {
    hidden.set(view, new Set([...(hidden.get(view) ?? []), ...uids]));
  }

  expireDaysOf({ domain, expireDays: own }: Account): number | undefined {
    if (own === 'default') return this.expiry.get(domain);
    return own === 'never' ? undefined : own;
  }

  get keepsRemoved(): boolean {
    return this.#keepRemovedMs > 0;
  }

  /** What was kept long enough goes. */
  purge(): void {
    const dueMs = Date.now() - this.#keepRemovedMs;
    for (const account of this.byId.values()) {
      const due = account.removed.filter(({ removedAtMs }) => removedAtMs <= dueMs);
      account.removed = account.removed.filter((one) => !due.includes(one));
      for (const { message, removedAtMs } of due) {
        this.#release(message);
        account.purgedToMs = Math.max(account.purgedToMs, removedAtMs);
      }
    }
  }

  /** All that an account had, for good. */
  dropMessages(account: Account): void {
    for (const message of [...account.messages, ...account.removed.map((one) => one.message)]) this.#release(message);
    account.messages = [];
    account.octets = 0;
  }

  /** Messages that were removed are there again, as new ones or where they were. */
  restore(account: Account, numbers: readonly number[], as: 'new' | 'before'): number {
    const found = account.removed.filter(({ number }) => numbers.includes(number));
    const octets = found.reduce((sum, { message }) => sum + message.octets, 0);
    const coming = { messages: found.length, octets };
    if (coming.messages > 0 && !this.roomsOf(account).every((room) => takes(room, coming)))
      throw new StoreError('over-quota', refusals.noRoomToRestore);
    account.removed = account.removed.filter((one) => !found.includes(one));
    const back = found.map(({ message }) => (as === 'before' ? message : { ...message, uid: account.uidNext++ }));
    account.messages = [...account.messages, ...back].sort((one, other) => one.uid - other.uid);
    account.octets += octets;
    return found.length;
  }

  /** What is left of its quota and of its domain's. */
  roomsOf(account: Account): readonly Room[] {
    const { id, quota, domain } = account;
    return [
      ...roomsOf(quotaOf.account(id), quota, heldBy(account)),
      ...roomsOf(quotaOf.domain(domain), this.domainQuotas.get(domain) ?? {}, this.heldIn(domain)),
    ];
  }

  /** By all accounts of a domain. */
  heldIn(domain: string): Held {
    const accounts = [...this.byId.values()].filter((account) => account.domain === domain);
    return accounts.map(heldBy).reduce(sumOf, NOTHING);
  }

  #release({ body }: Message): void {
    body.references -= 1;
    if (body.references === 0) this.bodies.delete(body);
  }
}

function heldBy({ messages, octets }: Account): Held {
  return { messages: messages.length, octets };
}
