/**
 * A store in memory: a second driver behind the interface, so that nothing outside of a driver can need SQLite, a file, or an
 * answer at once. Whatever is read and every commit comes by a timer, or at once for a test that looks at what is there.
 */
import { Buffer } from 'node:buffer';
import type { Autoreplies } from '../../../src/store/autoreplies.js';
import type { Collectors } from '../../../src/store/collectors.js';
import type { Deliveries, Delivery, Envelope, LocalTarget, Resolution } from '../../../src/store/deliveries.js';
import type { Devices } from '../../../src/store/devices.js';
import type { Directory } from '../../../src/store/directory.js';
import { StoreError } from '../../../src/store/errors.js';
import type { History } from '../../../src/store/history.js';
import type { Account as LoginAccount, Grant, Renewal, Use } from '../../../src/store/logins.js';
import type { Mailboxes } from '../../../src/store/mailboxes.js';
import type { Maildrop, Opener } from '../../../src/store/maildrops.js';
import type { Queue } from '../../../src/store/queue.js';
import type { QueuedMail } from '../../../src/store/queued-mail.js';
import type { RelayLogins } from '../../../src/store/relay-logins.js';
import type { WebSessions } from '../../../src/store/web-sessions.js';
import type { RemovedMail } from '../../../src/store/removed-mail.js';
import type { Routes } from '../../../src/store/routes.js';
import { refusals } from '../../../src/store/rules/refusals.js';
import { summarize } from '../../../src/message/summary.js';
import { judgeCopies } from '../../../src/store/rules/copies.js';
import { expandAtOnce, isForwarding, keepsMail, takesMail } from '../../../src/store/rules/expansion.js';
import { takes, type QuotaHolder } from '../../../src/store/rules/quotas.js';
import { loginOfDevice, readDeviceName, readLoginName } from '../../../src/store/rules/login-name.js';
import { LoginIntervals } from '../../../src/store/rules/login-intervals.js';
import { MaildropLocks, type LockOwner } from '../../../src/store/rules/maildrop-locks.js';
import {
  addressText,
  candidates,
  remoteTarget,
  resolutionOf,
  type Candidate,
  type Route,
} from '../../../src/store/rules/names.js';
import type { RecipientLimits } from '../../../src/store/recipient-limits.js';
import { countsAtMs, recipientsAtMost, recipientsLeft } from '../../../src/store/rules/recipient-limits.js';
import type { AccountId, Address, MaybePromise } from '../../../src/store/shapes.js';
import type { MailStore } from '../../../src/store/store.js';
import { MemoryData, type Account, type Body, type Used } from './data.js';
import { autorepliesOf } from './autoreplies.js';
import { collectorsOf } from './collectors.js';
import { countDevice, devicesOf, isDeviceOverRate } from './devices.js';
import { directoryOf } from './directory.js';
import { queuedMailOf, queueOf } from './queue.js';
import { MemoryMaildrop } from './maildrop.js';
import { mailboxesOf } from './mailboxes.js';
import { NewMail } from './new-mail.js';
import { relayLoginsOf } from './relay-logins.js';
import { webSessionsOf } from './web-sessions.js';
import { removedMailOf } from './removed-mail.js';
import { routesOf } from './routes.js';

const USE_PERIOD_MS = 60_000;
const CRLF_OCTETS = 2;

/** How answers come: by a timer, or at once. */
export type Answers = <T>(answer: () => T) => MaybePromise<T>;

const byTimer: Answers = (answer) =>
  new Promise((resolve, reject) => {
    setTimeout(() => {
      try {
        resolve(answer());
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    }, 0);
  });
const atOnce: Answers = (answer) => answer();

/** Everything that ends with a restart. */
export class MemoryServer {
  readonly data: MemoryData;
  readonly locks = new MaildropLocks();
  readonly intervals = new LoginIntervals();
  /** Octets of messages that are arriving. */
  readonly arriving = new Map<Delivery, { readonly store: MemoryStore; octets: number }>();
  /** Those that have begun. */
  readonly senders = new Map<string, MemoryStore>();
  readonly watchers = new Set<() => void>();
  readonly newMail = new NewMail();
  isDown = false;
  detailSeparators = '+';

  constructor(data = new MemoryData(0)) {
    this.data = data;
  }

  /** Another start on the same data: every connection made before is dead. */
  restarted(): MemoryServer {
    this.isDown = true;
    return Object.assign(new MemoryServer(this.data), { detailSeparators: this.detailSeparators });
  }

  connect(answers: 'by timer' | 'at once' = 'by timer'): MemoryStore {
    return new MemoryStore(this, answers === 'by timer' ? byTimer : atOnce);
  }

  /** Another that lives takes over what it had leased; with none, the next that begins does. */
  endSender(store: MemoryStore): void {
    this.newMail.leave(store);
    if (store.sender === undefined || !this.senders.delete(store.sender)) return;
    if (this.livingSenders.size === 0) return;
    this.data.queue.returnLeases(this.livingSenders);
    this.wake();
  }

  get livingSenders(): ReadonlySet<string> {
    return new Set([...this.senders].filter(([, store]) => !store.isDead).map(([name]) => name));
  }

  /** Something may be due. */
  wake(): void {
    for (const listener of this.watchers) listener();
  }

  get storedOctets(): number {
    this.data.purge();
    const stored = [...this.data.bodies].reduce((sum, { octets }) => sum + octets.length, 0);
    return [...this.arriving.values()].reduce((sum, { octets }) => sum + octets, stored);
  }

  /** Accounts whose sum is not that of their messages. */
  get miscounted(): readonly string[] {
    const wrong = [...this.data.byId.values()].filter(
      ({ octets, messages }) => octets !== messages.reduce((sum, message) => sum + message.octets, 0),
    );
    return wrong.map(({ address }) => address);
  }
}

export class MemoryStore implements MailStore, Deliveries, LockOwner {
  readonly autoreplies: Autoreplies;
  readonly collectors: Collectors;
  readonly directory: Directory;
  readonly devices: Devices;
  /** Nobody looks at it here. */
  readonly history: History = { recordLogin: () => undefined, recordArrival: () => undefined, flush: () => undefined };
  readonly mailboxes: Mailboxes;
  readonly queue: Queue;
  readonly queuedMail: QueuedMail;
  readonly relayLogins: RelayLogins;
  readonly webSessions: WebSessions;
  readonly removedMail: RemovedMail;
  readonly routes: Routes;
  /** Its name, when it has begun to send. */
  sender: string | undefined;
  readonly server: MemoryServer;
  readonly answers: Answers;
  readonly #openers = new Map<number, Opener>();
  #lastLock = 0;
  #isClosed = false;

  constructor(server: MemoryServer, answers: Answers) {
    this.server = server;
    this.answers = answers;
    this.autoreplies = autorepliesOf(this);
    this.collectors = collectorsOf(this);
    this.directory = directoryOf(this);
    this.devices = devicesOf(this);
    this.mailboxes = mailboxesOf(this);
    this.queue = queueOf(this);
    this.queuedMail = queuedMailOf(this);
    this.relayLogins = relayLoginsOf(this);
    this.webSessions = webSessionsOf(this);
    this.removedMail = removedMailOf(this);
    this.routes = routesOf(this);
  }

  get data(): MemoryData {
    return this.server.data;
  }

  get isDead(): boolean {
    return this.#isClosed || this.server.isDown;
  }

  /** @throws StoreError 'unavailable' */
  requireLife(): void {
    if (this.isDead) throw new StoreError('unavailable', 'the store is away');
  }

  resolve(address: Address): MaybePromise<Resolution> {
    return this.answers(() => {
      if (!this.data.hasDomain(address.domain)) return { kind: 'remote' };
      const { domain } = this.data.placed(address);
      for (const candidate of candidates(address.local, this.server.detailSeparators)) {
        const route = this.#route(this.#nameOf(candidate, domain));
        if (route !== undefined) return resolutionOf(route, candidate.detail);
      }
      return { kind: 'unknown' };
    });
  }

  recipientsLeft(account: AccountId, usual: RecipientLimits): MaybePromise<number> {
    return this.answers(() => recipientsLeft(this.data.recipientUse(this.data.byId.get(account)), usual));
  }

  recipientsAtMost(account: AccountId, usual: RecipientLimits): MaybePromise<number> {
    return this.answers(() => recipientsAtMost(this.data.recipientUse(this.data.byId.get(account)), usual));
  }

  availability(): StoreError | undefined {
    return this.isDead ? new StoreError('unavailable', 'the store is away') : undefined;
  }

  deliver(envelope: Envelope): Delivery {
    const pieces: Buffer[] = [];
    const arriving = { store: this, octets: 0 };
    const delivery: Delivery = {
      write: (chunk) => {
        pieces.push(Buffer.from(chunk));
        arriving.octets += chunk.length;
        return chunk.length < 4096 ? undefined : Promise.resolve(this.answers(() => undefined));
      },
      commit: () =>
        Promise.resolve().then(() =>
          this.answers(() => {
            this.server.arriving.delete(delivery);
            this.requireLife();
            return this.#store(envelope, Buffer.concat(pieces));
          }),
        ),
      abort: () => void this.server.arriving.delete(delivery),
    };
    this.server.arriving.set(delivery, arriving);
    return delivery;
  }

  async open(account: AccountId, opener: Opener): Promise<Maildrop> {
    this.requireLife();
    const lock = ++this.#lastLock;
    await this.#lock(account, lock, opener);
    const found = this.data.byId.get(account);
    const held = { lock, ...(opener.view !== undefined && { view: opener.view }) };
    if (found !== undefined) return this.answers(() => new MemoryMaildrop(this, found, held));
    this.release(account, lock);
    throw new StoreError('missing', 'the account was removed');
  }

  /** Of an open maildrop, or of one that waits. */
  release(account: AccountId, lock: number): void {
    this.#openers.delete(lock);
    this.server.locks.release(account, { owner: this, lock });
  }

  async isLeaving(lock: number): Promise<boolean> {
    return (await this.#openers.get(lock)?.isLeaving?.()) ?? false;
  }

  findLogin(name: string): MaybePromise<LoginAccount | undefined> {
    return this.answers(() => {
      const { local, domain = this.data.domains[0] ?? '' } = readLoginName(name);
      const found = this.data.byAddress.get(addressText(this.data.placed({ local, domain })));
      return found === undefined ? this.#loginOfDevice(local, domain) : this.#loginOf(found);
    });
  }

  #loginOfDevice(local: string, domain: string): LoginAccount | undefined {
    const name = readDeviceName(local);
    const found = name && this.data.byAddress.get(addressText(this.data.placed({ local: name.account, domain })));
    return found && loginOfDevice(this.#loginOf(found), name);
  }

  #loginOf(account: Account): LoginAccount {
    return { ...loginOf(account), expireDays: this.data.expireDaysOf(account) };
  }

  leastExpireDays(): MaybePromise<number | undefined> {
    return this.answers(() => {
      const own = [...this.data.byId.values()].map(({ expireDays }) => expireDays);
      const days = [...own, ...this.data.expiry.values()].filter((each) => typeof each === 'number');
      return days.length === 0 ? undefined : Math.min(...days);
    });
  }

  stands({ account, credential, scope, passwordVersion }: Grant): MaybePromise<boolean> {
    return this.answers(() => {
      const found = this.data.byId.get(account);
      if (found?.enabled !== true) return false;
      if (credential === undefined) return found.passwordVersion === passwordVersion;
      if (passwordVersion < found.nameVersion) return false;
      return found.credentials.some(({ id, scopes }) => id === credential && scopes.includes(scope));
    });
  }

  loginAddress(name: string): MaybePromise<string> {
    return this.answers(() => {
      const { local, domain = this.data.domains[0] ?? '' } = readLoginName(name);
      const whole = addressText(this.data.placed({ local, domain }));
      const device = this.data.byAddress.has(whole) ? undefined : readDeviceName(local);
      return device === undefined ? whole : addressText(this.data.placed({ local: device.account, domain }));
    });
  }

  saltSecret(): MaybePromise<Uint8Array> {
    return this.answers(() => this.data.saltSecret);
  }

  recordUse(use: Use): void {
    const used = this.#usedBy(use);
    const nowMs = Date.now();
    if (used === undefined || nowMs - (used.lastUsedAtMs ?? -Infinity) < USE_PERIOD_MS) return;
    used.lastUsedAtMs = nowMs;
    used.lastUsedFrom = use.from;
  }

  async renew({ was, secrets, ...login }: Renewal): Promise<void> {
    await this.answers(() => {
      const used = this.#usedBy(login);
      if (used?.secrets.hash === was) used.secrets = secrets;
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.server.locks.releaseAll(this);
    this.server.endSender(this);
    for (const [delivery, { store }] of this.server.arriving) if (store === this) this.server.arriving.delete(delivery);
    return Promise.resolve();
  }

  #lock(account: AccountId, lock: number, opener: Opener): Promise<void> {
    const { from, view, gone, intervalMs, isAdministration = false } = opener;
    this.#openers.set(lock, opener);
    const forget = (): void => this.release(account, lock);
    gone?.addEventListener('abort', forget);
    return new Promise<void>((taken, reject) => {
      this.server.locks.claim(account, {
        ...{ owner: this, lock, from, view },
        taken: (sinceMs) => {
          if (this.server.intervals.isTooSoon({ account, view, intervalMs })) {
            this.release(account, lock);
            return reject(new StoreError('too-soon', 'the login comes too soon after the last'));
          }
          const found = this.data.byId.get(account);
          if (found !== undefined && !isAdministration) found.lastLoginAtMs = sinceMs;
          taken();
        },
        refused: (holder) => {
          this.#openers.delete(lock);
          reject(new StoreError('in-use', 'the maildrop is open', { holder }));
        },
      });
    }).finally(() => gone?.removeEventListener('abort', forget));
  }

  #nameOf(candidate: Candidate, domain: string): string {
    if (candidate.in === 'domain') return `${candidate.name}@${domain}`;
    if (candidate.in === 'first-domain') return `${candidate.name}@${this.data.domains[0] ?? ''}`;
    return this.data.byId.values().next().value?.address ?? '';
  }

  #route(name: string): Route | undefined {
    const account = this.data.byAddress.get(name);
    if (account?.refuses === true) return { kind: 'disabled' };
    if (account !== undefined) return this.#routeOf(account);
    return this.#aliasOf(name);
  }

  #routeOf(account: Account): Route {
    const own = keepsMail(account) ? [this.#targetOf(account)] : [];
    const route = isForwarding(account) ? this.#aliasOf(account.address) : undefined;
    if (route === undefined || (route.kind === 'disabled' && own.length > 0))
      return { kind: 'account', account: account.id, targets: own };
    if (route.kind !== 'alias') return route;
    return { kind: 'account', account: account.id, targets: [...own, ...route.targets] };
  }

  #aliasOf(name: string): Route | undefined {
    const targets = this.data.aliases.get(name);
    if (targets === undefined) return undefined;
    const found = expandAtOnce(targets, this.data);
    if (found === 'too-many') return { kind: 'too-many' };
    const accounts = found.accounts.filter(takesMail);
    const reached = [...accounts.map((one) => this.#targetOf(one)), ...found.elsewhere.map(remoteTarget)];
    return reached.length === 0 && found.accounts.length > 0
      ? { kind: 'disabled' }
      : { kind: 'alias', targets: reached };
  }

  #targetOf(account: Account): LocalTarget {
    const { id, address } = account;
    const rooms = this.data.roomsOf(account);
    return {
      ...{ kind: 'local', account: id, address },
      ...(rooms.length > 0 && { rooms }),
      ...(this.data.autoreplies.has(id) && { autoreplies: true }),
    };
  }

  /** @throws StoreError */
  #store(envelope: Envelope, octets: Buffer): readonly number[] {
    if (isDeviceOverRate(envelope.device, this.data)) throw new StoreError('over-rate', 'the device has sent too much');
    const isEnded = octets.length === 0 || octets.at(-1) === 10;
    const octetsOf = (trace: Uint8Array) => trace.length + octets.length + (isEnded ? 0 : CRLF_OCTETS);
    this.#limit(envelope);
    const holders = new Map<string, QuotaHolder>(); // One for each quota.
    const holdersOf = (account: Account) =>
      this.data.roomsOf(account).map((room) => {
        const holder = holders.get(room.quota) ?? { fits: (more) => takes(room, more) };
        holders.set(room.quota, holder);
        return holder;
      });
    const copies = judgeCopies(envelope, {
      octetsOf,
      quotasOf: (account) => holdersOf(this.#accountOf(account)),
      isKnown: ({ account, imported }) =>
        imported !== undefined && this.data.importedAtMs(this.#accountOf(account), imported.key) !== undefined,
    });
    if (typeof copies === 'string') throw new StoreError(copies, 'there is no room');
    if (copies.taken.length === 0) return copies.refused;
    this.#settle(envelope);
    if (envelope.device !== undefined) countDevice(envelope.device, this.data);
    const body: Body = { octets, references: 0 };
    this.#queue(envelope, body, octetsOf);
    for (const position of copies.taken) {
      const copy = envelope.recipients[position] as Envelope['recipients'][number];
      if (copy.kind === 'remote') continue;
      const { trace, imported } = copy;
      const account = this.#accountOf(copy.account);
      const { receivedAtMs, reversePath } = envelope;
      const uidl = imported && this.data.addImported(account, imported);
      this.data.addMessage(account, trace, body, { octets: octetsOf(trace), receivedAtMs, reversePath, uidl });
    }
    return copies.refused;
  }

  /** @throws StoreError 'missing' */
  #settle({ settles }: Envelope): void {
    if (settles === undefined || this.data.queue.settle(this.sender ?? '', settles) > 0) return;
    throw new StoreError('missing', refusals.nothingLeased);
  }

  #queue(envelope: Envelope, body: Body, octetsOf: (trace: Uint8Array) => number): void {
    const { recipients, outgoing } = envelope;
    const remote = recipients.filter((recipient) => recipient.kind === 'remote');
    if (remote.length === 0 || outgoing === undefined) return;
    const headerOctets = outgoing.trace.length + summarize(body.octets).headerOctets;
    this.data.bodies.add(body);
    const rows = this.data.queue.add(
      { envelope, outgoing, body, octets: octetsOf(outgoing.trace), headerOctets },
      remote,
    );
    this.server.newMail.give(this.data.queue, rows);
    const submitter = this.data.byId.get(outgoing.submitter ?? NaN);
    if (submitter !== undefined) this.data.countRecipients(submitter, remote.length, countsAtMs(outgoing, Date.now()));
    this.server.wake();
  }

  /** @throws StoreError 'over-limit' */
  #limit({ recipients, outgoing }: Envelope): void {
    if (outgoing?.submitter === undefined) return;
    const use = this.data.recipientUse(this.data.byId.get(outgoing.submitter), countsAtMs(outgoing, Date.now()));
    const remote = recipients.filter(({ kind }) => kind === 'remote').length;
    if (recipientsLeft(use, outgoing.limits ?? {}) < remote)
      throw new StoreError('over-limit', 'it has sent to too many');
  }

  /** @throws StoreError 'missing' */
  #accountOf(id: AccountId): Account {
    const found = this.data.byId.get(id);
    if (found === undefined) throw new StoreError('missing', `account ${id} was removed`);
    return found;
  }

  #usedBy({ account, credential }: Omit<Use, 'from'>): (Used & Pick<Account, 'secrets'>) | undefined {
    const found = this.data.byId.get(account);
    return credential === undefined ? found : found?.credentials.find(({ id }) => id === credential);
  }
}

function loginOf(account: Account): Omit<LoginAccount, 'expireDays'> {
  const { id, address, secrets, passwordVersion, enabled, lastUsedFrom, keepsMail, credentials } = account;
  return {
    hasViews: keepsMail,
    ...{ id, address, passwordHash: secrets.hash, passwordVersion, scram: secrets.scram, enabled, lastUsedFrom },
    credentials: credentials.map((one) => ({
      ...{ id: one.id, name: one.name, scopes: one.scopes, lastUsedFrom: one.lastUsedFrom },
      ...{ hash: one.secrets.hash, scram: one.secrets.scram },
    })),
  };
}
