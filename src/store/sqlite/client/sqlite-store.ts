/** The store as a process sees it: reads on its own read-only connection, everything that writes through the socket of the store. */
import type { Autoreplies } from '../../autoreplies.js';
import type { Collectors } from '../../collectors.js';
import type { Delivery, Envelope, Resolution } from '../../deliveries.js';
import type { Devices } from '../../devices.js';
import type { Directory } from '../../directory.js';
import type { StoreError } from '../../errors.js';
import type { History } from '../../history.js';
import type { Account, Grant, Renewal, Use } from '../../logins.js';
import type { Mailboxes } from '../../mailboxes.js';
import type { Maildrop, Opener } from '../../maildrops.js';
import type { RecipientLimits } from '../../recipient-limits.js';
import type { AccountId, Address, MaybePromise } from '../../shapes.js';
import type { Queue } from '../../queue.js';
import type { QueuedMail } from '../../queued-mail.js';
import type { RelayLogins } from '../../relay-logins.js';
import type { RemovedMail } from '../../removed-mail.js';
import { recipientsAtMost, recipientsLeft } from '../../rules/recipient-limits.js';
import type { Routes } from '../../routes.js';
import type { WebSessions } from '../../web-sessions.js';
import type { MailStore } from '../../store.js';
import { Slices } from '../../../runtime/slices.js';
import type { FileIdentity } from '../../../runtime/file-identity.js';
import { FrameType, jsonFrame } from '../protocol/frames.js';
import { Availability } from './availability.js';
import { SocketDelivery, UploadBudget } from './delivery.js';
import { autorepliesOf } from './autoreplies.js';
import { collectorsOf } from './collectors.js';
import { devicesOf } from './devices.js';
import { directoryOf, mailboxesOf } from './directory.js';
import { DiskSpace } from '../database/disk-space.js';
import { HistoryOutput } from './history.js';
import { SocketMaildrops } from './maildrops.js';
import type { Openers } from './openers.js';
import { queuedMailOf, queueOf } from './queue.js';
import { PacedReads } from './paced-reads.js';
import { relayLoginsOf } from './relay-logins.js';
import { removedMailOf } from './removed-mail.js';
import { Reader } from './reader.js';
import type { Remembered } from './remembered.js';
import { routesOf } from './routes.js';
import type { StoreClient } from './store-client.js';
import { webSessionsOf } from './web-sessions.js';

export interface SqliteStoreOptions {
  /** The database that is read here. */
  readonly db: string;
  readonly file: FileIdentity;
  /** Where a name without a domain lives; the oldest domain unless told. */
  readonly firstDomain: string | undefined;
  /** Of names and their details. */
  readonly detailSeparators: string | undefined;
  readonly minFreeBytes: number;
  readonly client: StoreClient;
  /** Asked by the client when the store wants to know. */
  readonly openers: Openers;
  /** Emptied by the client whenever the directory changes or the store goes away. */
  readonly remembered: Remembered;
  /** When this process is the store itself, which then ends with this. */
  readonly server?: { close(): Promise<void> } | undefined;
}

export class SqliteStore implements MailStore {
  readonly autoreplies: Autoreplies;
  readonly collectors: Collectors;
  readonly directory: Directory;
  readonly devices: Devices;
  readonly history: History;
  readonly mailboxes: Mailboxes;
  readonly queue: Queue;
  readonly queuedMail: QueuedMail;
  readonly relayLogins: RelayLogins;
  readonly removedMail: RemovedMail;
  readonly routes: Routes;
  readonly webSessions: WebSessions;
  readonly #client: StoreClient;
  readonly #remembered: Remembered;
  readonly #reader: Reader;
  readonly #reads: PacedReads;
  readonly #maildrops: SocketMaildrops;
  readonly #availability: Availability;
  readonly #budget = new UploadBudget();
  readonly #server: SqliteStoreOptions['server'];

  /** @throws StoreError 'unavailable' */
  constructor(options: SqliteStoreOptions) {
    const { db, file, firstDomain, detailSeparators, minFreeBytes, client, openers, remembered, server } = options;
    const slices = new Slices();
    const reader = new Reader(db, { firstDomain, detailSeparators, slices });
    this.#client = client;
    this.#remembered = remembered;
    this.#server = server;
    this.#reader = reader;
    this.#reads = new PacedReads(reader, { db, firstDomain, detailSeparators });
    this.#maildrops = new SocketMaildrops({ client, openers, reader, reads: this.#reads, slices });
    const space = new DiskSpace(db, minFreeBytes, () => reader.fileSpace());
    this.#availability = new Availability({ client, file, space });
    this.autoreplies = autorepliesOf(client, reader.autoreplies, (address) => reader.directory.accountId(address));
    this.collectors = collectorsOf(client, reader.collectors);
    this.directory = directoryOf(client, reader);
    this.devices = devicesOf(client, reader, remembered);
    this.history = new HistoryOutput(client);
    this.mailboxes = mailboxesOf(client, { reader, slices });
    const queue = { client, reader: reader.queue, reads: this.#reads };
    this.queue = queueOf(queue);
    this.queuedMail = queuedMailOf(queue);
    this.relayLogins = relayLoginsOf(client, reader.relayLogins);
    this.removedMail = removedMailOf({ client, reader, maildrops: this.#maildrops });
    this.routes = routesOf(client, reader);
    this.webSessions = webSessionsOf(client, reader);
  }

  resolve(address: Address): MaybePromise<Resolution> {
    // While the store is away nobody would tell of a change.
    return this.#reader.resolve(address, this.#client.isAway ? undefined : this.#remembered.names);
  }

  recipientsLeft(account: AccountId, usual: RecipientLimits): number {
    return recipientsLeft(this.#reader.recipientUse(account), usual);
  }

  recipientsAtMost(account: AccountId, usual: RecipientLimits): number {
    return recipientsAtMost(this.#reader.recipientUse(account), usual);
  }

  availability(): StoreError | undefined {
    return this.#availability.error;
  }

  deliver(envelope: Envelope): Delivery {
    return new SocketDelivery(this.#client, this.#budget, envelope);
  }

  open(account: AccountId, opener: Opener): Promise<Maildrop> {
    return this.#maildrops.open(account, opener);
  }

  leastExpireDays(): number | undefined {
    return this.#reader.leastExpireDays();
  }

  findLogin(name: string): MaybePromise<Account | undefined> {
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

  recordUse(use: Use): void {
    this.#client.tell(jsonFrame(FrameType.Use, 0, use));
  }

  async renew(renewal: Renewal): Promise<void> {
    await this.#client.askJson(FrameType.Renew, renewal);
  }

  async close(): Promise<void> {
    this.#reads.close();
    this.#reader.close();
    this.#client.close();
    await this.#server?.close();
  }
}
