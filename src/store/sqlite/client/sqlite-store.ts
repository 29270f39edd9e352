/**
 * The store as a process sees it: reads on its own read-only connection, everything that writes through the socket
 * of the store process. Locks of maildrops are the store's; when it goes away they are gone with it, and a removal
 * through a lock that is gone is refused.
 */
import type { Delivery, Envelope, Resolution } from '../../deliveries.js';
import type { Directory } from '../../directory.js';
import type { Mailboxes } from '../../mailboxes.js';
import type { Account, Grant, Renewal, Use } from '../../logins.js';
import type { Maildrop, MessageInfo, NumberRange, Opener } from '../../maildrops.js';
import type { AccountId, Address, Pieces, Soon } from '../../shapes.js';
import type { MailStore } from '../../store.js';
import { Slices } from '../../../runtime/slices.js';
import type { JoinOptions } from '../../open.js';
import { StoreError } from '../../errors.js';
import type { Change } from '../protocol/change.js';
import { SocketDelivery, UploadBudget } from './delivery.js';
import { DiskSpace } from './disk-space.js';
import { FileIdentity } from '../database/file-identity.js';
import { Openers } from './openers.js';
import { FrameType, jsonFrame } from '../protocol/frames.js';
import { locate, makeDirectory, type Location } from '../database/location.js';
import { MailSummaries } from './mail-summaries.js';
import { MessageList } from './message-list.js';
import { NameCache } from '../database/name-cache.js';
import { ReadAhead } from './read-ahead.js';
import { PacedReads } from './paced-reads.js';
import { Reader } from './reader.js';
import type { MaildropRow } from '../database/reads.js';
import { StoreClient, type ClientNeeds } from './store-client.js';
import { StoreServer } from '../server/store-server.js';

/** How long a command waits for a store process that has its lock but does not answer yet. */
const JOIN_TIMEOUT_MS = 5_000;
const JOIN_RETRY_MS = 50;

/** A commit that takes longer than this is a disk in trouble: new messages are put off, those under way wait. */
const LAG_LIMIT_MS = 10_000;
/** How long a look at the path of the database is good for. */
const LOOK_MS = 100;

/** So many uids are read by the store in a millisecond or two. */
const RANGES_PER_FRAME = 1000;

interface Parts {
  /** The file that the reader has open. */
  readonly file: FileIdentity;
  readonly client: StoreClient;
  readonly reader: Reader;
  /** What sessions wait for, of the reader's. */
  readonly reads: PacedReads;
  readonly space: DiskSpace;
  /** Asked by the client when the store wants to know. */
  readonly openers: Openers;
  /** Emptied by the client whenever the directory changes or the store goes away. */
  readonly names: NameCache;
  /** What long reads take their turns in. */
  readonly slices: Slices;
  /** When this process is the store itself. */
  readonly server?: StoreServer | undefined;
}

export class SqliteStore implements MailStore {
  readonly directory: Directory;
  readonly mailboxes: Mailboxes;
  readonly #client: StoreClient;
  readonly #reader: Reader;
  readonly #file: FileIdentity;
  #lookedAtMs = -Infinity;
  #inPlace = true;
  readonly #space: DiskSpace;
  readonly #names: NameCache;
  readonly #openers: Openers;
  readonly #budget = new UploadBudget();
  readonly #reads: PacedReads;
  readonly #needs: MaildropNeeds;
  readonly #server: StoreServer | undefined;

  constructor({ client, reader, reads, file, space, openers, names, slices, server }: Parts) {
    this.#client = client;
    this.#openers = openers;
    this.#file = file;
    this.#reader = reader;
    this.#space = space;
    this.#names = names;
    this.#reads = reads;
    this.#needs = { reader, reads, client, slices, openers };
    this.#server = server;
    this.directory = directoryOf(client, reader);
    this.mailboxes = mailboxesOf(reader, slices);
  }

  resolve(address: Address): Soon<Resolution> {
    // While the store is away nobody would tell of a change.
    return this.#reader.resolve(address, this.#client.isAway ? undefined : this.#names);
  }

  findLogin(name: string): Soon<Account | undefined> {
    return this.#reads.findLogin(name);
  }

  stands(grant: Grant): boolean {
    return this.#reader.stands(grant);
  }

  loginAddress(name: string): string {
    return this.#reader.loginAddress(name);
  }

  saltSecret(): Uint8Array {
    return this.#reader.saltSecret();
  }

  noteUse(use: Use): void {
    this.#client.tell(jsonFrame(FrameType.Use, 0, use));
  }

  async renew(renewal: Renewal): Promise<void> {
    await this.#client.askJson(FrameType.Renew, renewal);
  }

  obstacle(): StoreError | undefined {
    if (this.#client.isAway) return new StoreError('unavailable', 'the store is away');
    if (!this.#isInPlace()) return new StoreError('unavailable', 'the database is not at its path');
    if (this.#client.lagMs > LAG_LIMIT_MS) return new StoreError('busy', 'the store is far behind');
    return this.#space.isShort() ? new StoreError('full', 'the disk is nearly full') : undefined;
  }

  /** As it was a moment ago: the store looks again before it acknowledges anything. */
  #isInPlace(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#lookedAtMs > LOOK_MS) {
      this.#lookedAtMs = nowMs;
      this.#inPlace = this.#file.lookFilled() === 'same';
    }
    return this.#inPlace;
  }

  deliver(envelope: Envelope): Delivery {
    return new SocketDelivery(this.#client, this.#budget, envelope);
  }

  async open(account: AccountId, opener: Opener): Promise<Maildrop> {
    const name = { account, lock: this.#client.nextRequest() };
    await this.#lock(name, opener);
    try {
      const held = await this.#reads.maildrop(account);
      return new LockedMaildrop(name, held, this.#needs);
    } catch (error) {
      await release(this.#needs, name);
      throw error;
    }
  }

  /** Known by its number before the store may ask for it. */
  async #lock(name: LockName, opener: Opener): Promise<void> {
    const { account, lock } = name;
    const { from, gone } = opener;
    const forget = (): void => void release(this.#needs, name);
    this.#openers.add(lock, opener);
    gone?.addEventListener('abort', forget);
    try {
      await this.#client.ask(lock, jsonFrame(FrameType.Lock, lock, { account, from }));
    } catch (error) {
      this.#openers.remove(lock);
      throw error;
    } finally {
      gone?.removeEventListener('abort', forget);
    }
  }

  async close(): Promise<void> {
    this.#reads.close();
    this.#reader.close();
    this.#client.close();
    await this.#server?.close();
  }
}

/** `lock` is the number of the request that took it. */
interface LockName {
  readonly account: AccountId;
  readonly lock: number;
}

interface Holding {
  readonly client: StoreClient;
  readonly openers: Openers;
}

interface MaildropNeeds extends Holding {
  readonly reader: Reader;
  readonly reads: PacedReads;
  readonly slices: Slices;
}

class LockedMaildrop implements Maildrop {
  readonly count: number;
  readonly octets: number;
  readonly #name: LockName;
  readonly #list: MessageList;
  readonly #ahead: ReadAhead;
  readonly #holding: Holding;

  constructor(name: LockName, held: MaildropRow, { reader, reads, slices, ...holding }: MaildropNeeds) {
    this.count = held.messages;
    this.octets = held.octets;
    this.#name = name;
    this.#list = new MessageList(name.account, held, { reader, slices });
    this.#ahead = new ReadAhead(reads, name.account);
    this.#holding = holding;
  }

  pages(): Iterable<readonly MessageInfo[]> {
    return this.#list.pages();
  }

  find(number: number): Soon<MessageInfo | undefined> {
    return this.#list.find(number);
  }

  read(id: number): Soon<Pieces> {
    return this.#ahead.read(id);
  }

  /** In frames of a bounded size: the store removes nothing before the last of them. */
  async remove(numbers: Iterable<NumberRange>): Promise<void> {
    let ranges: number[] = [];
    for await (const [first, last] of this.#list.uidRanges(numbers)) {
      if (ranges.length === 2 * RANGES_PER_FRAME) {
        await this.#sendRemoval(ranges, true);
        ranges = [];
      }
      ranges.push(first, last);
    }
    await this.#sendRemoval(ranges, false);
  }

  release(): Promise<void> {
    return release(this.#holding, this.#name);
  }

  async #sendRemoval(ranges: readonly number[], more: boolean): Promise<void> {
    await this.#holding.client.askJson(FrameType.Remove, { ...this.#name, ranges, more });
  }
}

/** Of one that waits too. */
async function release({ client, openers }: Holding, name: LockName): Promise<void> {
  openers.remove(name.lock);
  try {
    await client.askJson(FrameType.Unlock, name);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error; // A store that is away took the lock with it.
  }
}

function directoryOf(client: StoreClient, reader: Reader): Directory {
  const change = async (what: Change): Promise<void> => {
    await client.askJson(FrameType.Change, what);
  };
  return {
    addAccount: (address, hash, scram) => change({ kind: 'add-account', address, secrets: { hash, scram } }),
    removeAccount: (address) => change({ kind: 'remove-account', address }),
    setPassword: (address, hash, scram) => change({ kind: 'set-password', address, secrets: { hash, scram } }),
    setEnabled: (address, enabled) => change({ kind: 'set-enabled', address, enabled }),
    addCredential: (address, credential) => change({ kind: 'add-credential', address, credential }),
    removeCredential: (address, name) => change({ kind: 'remove-credential', address, name }),
    listCredentials: (address) => reader.directory.credentials(address),
    setQuota: (address, quotaOctets) => change({ kind: 'set-quota', address, octets: quotaOctets ?? null }),
    listAccounts: (after = '') => reader.directory.accounts(after),
    addDomain: (name) => change({ kind: 'add-domain', name }),
    removeDomain: (name) => change({ kind: 'remove-domain', name }),
    listDomains: (after) => reader.directory.domains(after),
    addAlias: (address, targets) => change({ kind: 'add-alias', address, targets }),
    removeAlias: (address, targets) => change({ kind: 'remove-alias', address, targets }),
    listAliases: (after = '') => reader.directory.aliases(after),
  };
}

function mailboxesOf(reader: Reader, slices: Slices): Mailboxes {
  const mail = new MailSummaries({ reader, slices });
  return {
    countMail: (address) => reader.directory.countMail(address),
    listMail: (address, after) => mail.page(address, after),
    findMail: (address, number) => mail.find(address, number),
    readMail: (address, id) => reader.directory.messageOf(address, id),
  };
}

/** For a worker: the store process is somebody else's business, and may come and go. */
export function joinSqliteStore(db: string, options: JoinOptions): SqliteStore {
  const { domain, minFreeBytes, report, changed, rightsChanged, replaced } = options;
  const location = locate(db);
  const file = new FileIdentity(location.named);
  const slices = new Slices();
  const reader = new Reader(location.db, { firstDomain: domain, slices });
  const names = new NameCache();
  const forget = () => names.clear();
  const openers = new Openers();
  const client = new StoreClient(() => locate(db).socket, {
    report,
    isLeaving: (lock) => openers.isLeaving(lock),
    found: () => {
      if (file.look() === 'other') return replaced(); // The store may have opened that one: its accounts are others.
      changed(true);
    },
    lost: () => {
      forget();
      changed(false);
    },
    changed: (concerned) => {
      forget();
      if (concerned !== 'nobody') return rightsChanged?.(concerned);
    },
  });
  client.stayConnected();
  const space = new DiskSpace(location.db, minFreeBytes, () => reader.roomInside());
  const reads = new PacedReads(reader, { db: location.db, firstDomain: domain });
  return new SqliteStore({ client, reader, reads, file, space, openers, names, slices });
}

/** For a command: joins the store that runs, or is the store until close. @throws StoreError 'unavailable' */
export async function openSqliteStore(db: string): Promise<SqliteStore> {
  makeDirectory(db);
  const location = locate(db);
  const server = await StoreServer.start(location, silent);
  await server?.tried; // What only reads goes on however that ended.
  const names = new NameCache();
  const openers = new Openers();
  const client = await connectSoon(location, {
    changed: () => names.clear(),
    isLeaving: (lock) => openers.isLeaving(lock),
  });
  const slices = new Slices();
  const reader = new Reader(location.db, { firstDomain: undefined, slices });
  const space = new DiskSpace(location.db, 0, () => reader.roomInside());
  const file = new FileIdentity(location.named);
  const reads = new PacedReads(reader, { db: location.db, firstDomain: undefined });
  return new SqliteStore({ client, reader, reads, file, space, openers, names, slices, server });
}

async function connectSoon({ socket, db }: Location, needs: ClientNeeds): Promise<StoreClient> {
  for (const deadlineMs = Date.now() + JOIN_TIMEOUT_MS; ;) {
    const client = new StoreClient(() => socket, needs);
    try {
      await client.connect();
      return client;
    } catch (error) {
      client.close();
      if (Date.now() > deadlineMs)
        throw new StoreError('unavailable', `Another process holds ${db} but does not answer`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, JOIN_RETRY_MS));
    }
  }
}

/** A command's own requests tell it of every failure; nobody else listens. */
const silent = { noted: () => undefined, trouble: () => undefined, stopped: () => undefined };
