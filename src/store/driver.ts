/** What a storage engine gives to the processes of a server and to commands: one value a driver, which open.ts chooses. */
import type { StoreError } from './errors.js';
import type { Maintenance } from './maintenance.js';
import type { AccountId, Address, Secrets, MaybePromise } from './shapes.js';
import type { StoreStatus } from './status.js';
import type { MailStore } from './store.js';

export interface Driver {
  /** Whether there is a database of this name; also when that cannot be seen, which whoever opens it will say. */
  mayBeThere(db: string): boolean;
  /** Nothing else may be written to it. @throws StoreError 'refused' for the path of the database, or of a file of its own */
  requireOther(path: string, db: string): void;
  /**
   * For commands that come and go: joins the store process of a running server, or becomes the store itself, until close, when
   * there is none. Creates the database if it is missing. @throws StoreError 'unavailable' with a sentence that names the fix.
   */
  open(db: string): Promise<MailStore>;
  /** For a worker, whose supervisor sees to it that there is a store. */
  join(db: string, options: JoinOptions): MailStore;
  /**
   * For the store process. Undefined when another process is the store of this database.
   * @throws StoreError 'unavailable'
   */
  start(db: string, observer: StoreObserver, options?: StartOptions): Promise<RunningStore | undefined>;
  /** Undefined when no store runs on this database. @throws StoreError 'unavailable' when it does not answer. */
  readStatus(db: string): Promise<StoreStatus | undefined>;
  /** Why a database that is there cannot be what it was, found by a look at all of it; undefined when it is sound. */
  damageIn(db: string): StoreError | undefined;
  /** The engine and its release, for people. @throws StoreError without one */
  engine(): string;
  /** Loaded when it is asked for: no process of a server needs it. Absent where the database is no file that commands could look after. */
  readonly maintenance?: () => Promise<Maintenance>;
}

export interface StartOptions extends Retention {
  /** Makes no database: in the place of one that was lost, nobody would look for another. */
  readonly mustExist?: boolean;
  /** Messages are added to the search index by themselves; else only when somebody asks. */
  readonly indexesMail?: boolean;
}

/** How long what nobody sees is kept; for ever unless told. */
export interface Retention {
  /** Attempts to send. */
  readonly keepDeliveriesMs?: number;
  /** What came. */
  readonly keepArrivalsMs?: number;
  /** Messages that were removed; 0 deletes them at once. */
  readonly keepRemovedMs?: number;
  /** With less free disk space than this, messages that were removed are purged before their time. */
  readonly minFreeBytes?: number;
}

/** Whose logins may not stand any more, after a change of the directory. */
export type Concerned = AccountId | 'nobody' | 'anybody';

export interface JoinOptions {
  /** Where a login without a domain is looked for, and where every domain's postmaster may live. */
  readonly domain: string;
  /** Characters of which each may part a name from its detail; `+` unless told. */
  readonly detailSeparators?: string;
  /** With less free disk space than this no mail is taken. */
  readonly minFreeBytes: number;
  readonly changed: (there: boolean) => void;
  /** Logins are to be looked at again; whoever changed the directory waits until it resolves, but not for long. */
  readonly rightsChanged?: (concerned: Concerned) => MaybePromise<void>;
  /** Accounts, aliases or routes were changed by somebody; who did waits until every process has heard of it. */
  readonly directoryChanged?: () => void;
  /** Another database is at the path than the one that this process reads: it must end, and with it all that it knows. */
  readonly replaced: () => void;
}

/** What the store tells of itself; nothing of it is a reply. */
export interface StoreObserver {
  /** Something worth a line in the log that harmed nobody. */
  noted(what: string, details: object): void;
  /** Something went wrong that no client caused. */
  trouble(what: string, error: unknown): void;
  /** Accounts, aliases, routes or collectors were changed. */
  directoryChanged?(): void;
  /** The store has stopped by itself, after a disk error. */
  stopped(during: 'commit' | 'checkpoint'): void;
}

/** The store of a database, in the process that serves it to all others. */
export interface RunningStore {
  /** Why nothing can be written yet. Maildrops can be held and read all the same. */
  readonly refusal: StoreError | undefined;
  /** @throws StoreError also while the database is not open */
  hasAccounts(): boolean;
  /** @throws StoreError also while the database is not open */
  hasCollectors(): boolean;
  /** @throws StoreError also while the database is not open */
  saltSecret(): Uint8Array;
  /** The domain is local from now on, and this is an account. Durable when it resolves. */
  makeLocal(domain: string, account?: { readonly address: Address; readonly secrets: Secrets }): Promise<void>;
  /** Takes nothing new, finishes what waits, and gives the database back. */
  close(): Promise<void>;
}
