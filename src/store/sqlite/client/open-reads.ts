/**
 * The read-only connection of one who reads, with its statements, opened with its first use if it could not be at once.
 * Statements are short: none stays open while anybody waits, so that no reader pins the WAL.
 */
import type { Slices } from '../../../runtime/slices.js';
import { StoreError } from '../../errors.js';
import { openForReading } from '../database/database.js';
import { prepareAutoreplyReads, type AutoreplyReads } from '../database/autoreplies.js';
import { prepareCollectorReads, type CollectorReads } from '../database/collectors.js';
import { DeviceRows } from '../database/devices.js';
import { Names } from '../database/names.js';
import type { ReadingConnection } from '../database/reading-connection.js';
import { prepareMailSearch, type MailSearch } from '../database/mail-search.js';
import { prepareNewestReads, type NewestReads } from '../database/newest-reads.js';
import { prepareQueueReads, type QueueReads } from '../database/queue-reads.js';
import { RecipientUses } from '../database/recipient-counts.js';
import { RouteReads } from '../database/route-rows.js';
import { prepareReads, type Reads } from '../database/reads.js';
import { prepareRemovedReads, type RemovedReads } from '../database/removed-reads.js';
import { prepareViewReads, type ViewReads } from '../database/view-reads.js';
import { prepareWebSessionReads, type WebSessionReads } from '../database/web-sessions.js';
import { prepareRelayLoginReads, type RelayLoginReads } from '../database/relay-logins.js';
import { isPassing } from '../database/sqlite-error.js';

export interface ReaderOptions {
  /** Where a name without a domain lives; the oldest domain unless told. */
  readonly firstDomain: string | undefined;
  /** JoinOptions has what they are. */
  readonly detailSeparators: string | undefined;
  /** For what takes long. */
  readonly slices: Slices;
}

interface Prepared {
  readonly reads: Reads;
  readonly names: Names;
  readonly queue: QueueReads;
  readonly relayLogins: RelayLoginReads;
  readonly collectors: CollectorReads;
  readonly removed: RemovedReads;
  readonly views: ViewReads;
  readonly recipients: RecipientUses;
  readonly routes: RouteReads;
  readonly devices: DeviceRows;
}

export class OpenReads {
  readonly firstDomainName: string | undefined;
  readonly #path: string;
  readonly #slices: Slices;
  readonly #detailSeparators: string | undefined;
  #connection: ReadingConnection | undefined;
  #prepared: Prepared | undefined;
  #search: MailSearch | undefined;
  #webSessions: WebSessionReads | undefined;
  #newest: NewestReads | undefined;
  #autoreplies: AutoreplyReads | undefined;

  /** @throws StoreError 'unavailable' when it cannot be opened and will not be able to be */
  constructor(path: string, { firstDomain, detailSeparators, slices }: ReaderOptions) {
    this.#detailSeparators = detailSeparators;
    this.#path = path;
    this.firstDomainName = firstDomain;
    this.#slices = slices;
    this.#tryToOpen();
  }

  /** @throws StoreError */
  get reads(): Reads {
    return (this.#prepared ?? this.#prepare()).reads;
  }

  /** @throws StoreError */
  get names(): Names {
    return (this.#prepared ?? this.#prepare()).names;
  }

  /** @throws StoreError */
  get queue(): QueueReads {
    return (this.#prepared ?? this.#prepare()).queue;
  }

  /** @throws StoreError */
  get relayLogins(): RelayLoginReads {
    return (this.#prepared ?? this.#prepare()).relayLogins;
  }

  /** @throws StoreError */
  get collectors(): CollectorReads {
    return (this.#prepared ?? this.#prepare()).collectors;
  }

  /** @throws StoreError */
  get removed(): RemovedReads {
    return (this.#prepared ?? this.#prepare()).removed;
  }

  /** @throws StoreError */
  get views(): ViewReads {
    return (this.#prepared ?? this.#prepare()).views;
  }

  /** @throws StoreError */
  get recipients(): RecipientUses {
    return (this.#prepared ?? this.#prepare()).recipients;
  }

  /** @throws StoreError */
  get routes(): RouteReads {
    return (this.#prepared ?? this.#prepare()).routes;
  }

  /** @throws StoreError */
  get devices(): DeviceRows {
    return (this.#prepared ?? this.#prepare()).devices;
  }

  /** Prepared when somebody searches, which sessions do not. @throws StoreError */
  get search(): MailSearch {
    return (this.#search ??= prepareMailSearch((this.#connection ??= openForReading(this.#path))));
  }

  /** Prepared where people log in by HTTP, which sessions do not. @throws StoreError */
  get webSessions(): WebSessionReads {
    return (this.#webSessions ??= prepareWebSessionReads((this.#connection ??= openForReading(this.#path))));
  }

  /** Prepared where maildrops are shown, which sessions do not. @throws StoreError */
  get newest(): NewestReads {
    return (this.#newest ??= prepareNewestReads((this.#connection ??= openForReading(this.#path))));
  }

  /** Prepared for the first message to an account that answers. @throws StoreError */
  get autoreplies(): AutoreplyReads {
    return (this.#autoreplies ??= prepareAutoreplyReads((this.#connection ??= openForReading(this.#path))));
  }

  close(): void {
    this.#connection?.close();
  }

  /**
   * The first statement opens the WAL and its index: not later, when this process may have no descriptors left. A disk that is
   * full may have no room for the index, or for any table: then each use tries again.
   */
  #tryToOpen(): void {
    try {
      this.#prepare();
    } catch (error) {
      if (this.#connection === undefined && !isPassing((error as Error).cause)) throw error;
      if (!(error instanceof StoreError)) throw error;
    }
  }

  #prepare(): Prepared {
    const connection = (this.#connection ??= openForReading(this.#path));
    const reads = prepareReads(connection);
    const [slices, firstDomainName, detailSeparators] = [this.#slices, this.firstDomainName, this.#detailSeparators];
    const options = { reads, slices, firstDomainName, detailSeparators };
    const queue = prepareQueueReads(connection);
    const [relayLogins, routes] = [prepareRelayLoginReads(connection), new RouteReads(connection)];
    const collectors = prepareCollectorReads(connection);
    const [recipients, devices] = [new RecipientUses(connection), new DeviceRows(connection)];
    const [removed, views] = [prepareRemovedReads(connection), prepareViewReads(connection)];
    const names = new Names(connection, options);
    return (this.#prepared = {
      ...{ reads, names, queue, relayLogins, collectors, removed, views, recipients, routes, devices },
    });
  }
}
