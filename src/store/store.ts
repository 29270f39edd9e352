/**
 * What the rest of the program knows of storage, whatever driver is behind it.
 * This file imports nothing: a driver is free in everything that is not written here,
 * and test/store/contract holds every driver to what is.
 *
 * Failures leave a store as a StoreError with a kind; anything else it throws is a bug.
 */

/** A value now, or a promise of it: drivers answer at once when they can, and sessions then stay synchronous. */
export type Soon<T> = T | Promise<T>;

/**
 * Octets in pieces, each read when it is asked for. Whoever takes a piece that is a promise waits for it before asking for the
 * next; one that is there costs no promise.
 */
export type Pieces = Iterable<Soon<Uint8Array>>;

export type AccountId = number;

/** A mailbox name in the sense of RFC 5321 §4.1.2: the local part unquoted and as given, the domain in lower case. */
export interface Address {
  readonly local: string;
  readonly domain: string;
}

/** What a login is for: a submission, or an open maildrop. */
export type Scope = 'smtp' | 'pop3';

/** What proves a password, as text that only auth/ reads: a PHC string, and SCRAM keys as RFC 5803 writes them. */
export interface Secrets {
  readonly hash: string;
  /** Absent until the password was known in clear for the first time since there are such keys. */
  readonly scram?: string | undefined;
}

/** One more password of an account, for one program or device: revoked alone, and good for its scopes only. */
export interface Credential extends Secrets {
  readonly id: number;
  /** Unique within the account, whatever the case. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The client that used it last. */
  readonly lastUsedFrom: string | undefined;
}

/** All that a login needs, as it stands at this moment. */
export interface Account {
  readonly id: AccountId;
  /** In lower case, as `local@domain`. */
  readonly address: string;
  /** A PHC string; only auth/ reads it. */
  readonly passwordHash: string;
  /** Another for each password that was set; the same when its secrets are made anew. */
  readonly passwordVersion: number;
  /** The SCRAM keys of the main password. */
  readonly scram: string | undefined;
  /** Who is not enabled cannot log in; mail for the account arrives all the same. */
  readonly enabled: boolean;
  /** The client that used the main password last. */
  readonly lastUsedFrom: string | undefined;
  readonly credentials: readonly Credential[];
}

/** What a session's login rests on: `stands` says whether it still does. */
export interface Grant {
  readonly account: AccountId;
  /** Absent when it was the main password. */
  readonly credential?: number | undefined;
  readonly scope: Scope;
  /** Of the main password, when that was proved. */
  readonly passwordVersion: number;
}

/** Of the account's main password, or of one of its credentials. */
export interface Use {
  readonly account: AccountId;
  readonly credential?: number | undefined;
  /** The client's address. */
  readonly from: string;
}

/** New secrets for a password that has just been proved by `was`. */
export interface Renewal {
  readonly account: AccountId;
  readonly credential?: number | undefined;
  /** The hash that it was proved by: when another stands there by now, nothing is changed. */
  readonly was: string;
  readonly secrets: Secrets;
}

/** One maildrop that a forward-path leads to, after aliases, plus addressing and catch-alls. */
export interface Target {
  readonly account: AccountId;
  /** The address delivered to: the account's own, with the `+detail` of the forward-path if it had one. */
  readonly address: string;
  /** Octets that it may still take: none, or less than none, when it is full. Absent without a quota. */
  readonly roomOctets?: number;
}

/**
 * Where a forward-path leads; each maildrop stands in it once.
 * `unknown`: the domain is ours, the name is not. `foreign`: the domain is not ours. `too-many`: an alias that leads to more
 * maildrops than one path may.
 */
export type Resolution =
  | { readonly kind: 'local'; readonly targets: readonly Target[] }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'foreign' };

/** One copy of a message: who gets it, as whom it was addressed, and the trace headers that stand before the body. */
export interface EnvelopeRecipient {
  readonly account: AccountId;
  /** The forward-path as the client gave it, without angle brackets. */
  readonly recipient: string;
  /** Complete header lines, each ended by CRLF; never empty of a last CRLF. */
  readonly trace: Uint8Array;
}

export interface Envelope {
  /** Without angle brackets; empty for the null reverse-path. */
  readonly reversePath: string;
  readonly recipients: readonly EnvelopeRecipient[];
  readonly receivedAtMs: number;
  /** Whether each recipient's quota is judged for itself: for a protocol that answers for each, as LMTP does. */
  readonly apart?: boolean;
}

/**
 * A message on its way in. Exactly one of commit or abort ends it.
 * `write` may return a promise: the caller then waits for it before it writes again. It copies what it keeps of a chunk.
 *
 * Quotas are judged at the commit, by the octets of each copy as RETR sends it, in the order of the envelope; what earlier
 * copies add to the same account counts. When no copy is within its account's quota, the commit rejects with 'over-quota'.
 * When some are: of an envelope that is judged `apart` those are stored. Of an ordinary envelope every copy is, since all were
 * accepted and one answer stands for all, so that an account may come above its quota by one message; where it would by more,
 * nothing is stored, and the commit rejects with 'over-quota-meanwhile'.
 */
export interface Delivery {
  write(chunk: Uint8Array): void | Promise<void>;
  /**
   * Resolves, with the recipients that were left out, when the message is durable for every other, in one transaction;
   * rejects when it is for none. Nobody is left out of an ordinary envelope.
   */
  commit(): Promise<readonly EnvelopeRecipient[]>;
  abort(): void;
}

export interface MessageInfo {
  /** The driver's name for the message; opaque outside the store. */
  readonly id: number;
  /** RFC 1939 §7: 1 to 70 characters from 0x21 to 0x7E, never used again. */
  readonly uidl: string;
  /** What RETR sends, before byte-stuffing and without the closing line. */
  readonly octets: number;
}

/** Who holds a maildrop: named to others who ask for it meanwhile. */
export interface Holder {
  /** The client's address and the session's id, for people. */
  readonly from: string;
}

/** Who asks for a maildrop, and holds it from then on. */
export interface Opener extends Holder {
  /**
   * Asked when another wants the maildrop: whether this one lets go of it without a further word of its client, which is gone
   * or has said its last. Absent: it does not.
   */
  isLeaving?(): Soon<boolean>;
  /** Aborted when there is nobody any more to open it for: it is not waited for then. */
  readonly gone?: AbortSignal;
}

/** Messages of a maildrop by their numbers, which count from 1: both ends belong to it. */
export type NumberRange = readonly [first: number, last: number];

/**
 * One account's messages, held exclusively from open to release, as they were when it was opened, oldest first.
 * Opening it costs the same whatever it holds: messages are looked up when they are asked for, a few at a time.
 */
export interface Maildrop {
  /** How many messages there are. */
  readonly count: number;
  /** Their sum. */
  readonly octets: number;
  /** All messages in order, in pieces of at most a few hundred, each read when it is asked for. */
  pages(): Iterable<readonly MessageInfo[]>;
  /** The message of this number, from 1; undefined when there are not so many. */
  find(number: number): Soon<MessageInfo | undefined>;
  /**
   * The octets of a message in order, in pieces of at most a chunk; ends with CRLF.
   * Throws, or rejects with, a StoreError 'missing' when it was removed by an administrator meanwhile.
   */
  read(id: number): Soon<Pieces>;
  /**
   * Removes all of these or none, however many; durable when it resolves, and nobody sees them from then on. Ranges come in
   * order and do not touch.
   */
  remove(numbers: Iterable<NumberRange>): Promise<void>;
  /** Resolves when another session may open it. */
  release(): Promise<void>;
}

/** What sessions see of a store. */
export interface MailStore {
  resolve(address: Address): Soon<Resolution>;
  /**
   * The account that logs in under this name: `local@domain`, or a local part alone in the first domain. Whatever spellings of a
   * mailbox there are mean the same (login-name.ts).
   */
  findLogin(name: string): Soon<Account | undefined>;
  /** Whether what was proved would still let somebody in: the account is there and enabled, its password the same or the credential there and good for the scope. */
  stands(grant: Grant): Soon<boolean>;
  /** The address that a login under this name means, in lower case, whether or not there is such an account. */
  loginAddress(name: string): Soon<string>;
  /** 32 random octets of this database that never leave it: what makes a salt for names that nobody has. */
  saltSecret(): Soon<Uint8Array>;
  /** Told, not asked: never waited for, written at most once a minute for each credential, lost when the store is away. */
  noteUse(use: Use): void;
  /** Replaces secrets that are out of date; durable when it resolves. Does nothing when they were changed meanwhile. */
  renew(renewal: Renewal): Promise<void>;
  /** Why no message can be taken now: 'full' when the disk nearly is, 'busy' when the store is far behind. */
  obstacle(): StoreError | undefined;
  deliver(envelope: Envelope): Delivery;
  /**
   * Rejects with 'in-use' when another session holds the maildrop: the error says who and since when. One that is leaving is
   * waited for, up to a second.
   */
  open(account: AccountId, opener: Opener): Promise<Maildrop>;
  readonly directory: Directory;
  close(): Promise<void>;
}

export interface AccountSummary {
  readonly address: string;
  readonly messages: number;
  readonly octets: number;
  /** Undefined without a quota. */
  readonly quotaOctets: number | undefined;
  readonly createdAtMs: number;
  readonly lastDeliveryAtMs: number | undefined;
  readonly lastLoginAtMs: number | undefined;
  readonly enabled: boolean;
}

/** A credential as administration shows it. */
export interface CredentialSummary {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number | undefined;
  readonly lastUsedFrom: string | undefined;
}

export interface NewCredential extends Secrets {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

export interface AliasEntry {
  readonly address: string;
  readonly targets: readonly string[];
}

/** A message as administration shows it; `number` counts from 1 within the account, oldest first. */
export interface MailSummary {
  readonly id: number;
  readonly number: number;
  readonly uidl: string;
  readonly octets: number;
  readonly receivedAtMs: number;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly subject: string | undefined;
}

/**
 * Accounts, domains and aliases. Every change is durable when its promise resolves, every session sees it then, and those
 * whose login no longer stands are over.
 * Refusals are a StoreError of kind 'refused' whose message is one sentence for people.
 */
export interface Directory {
  addAccount(address: Address, passwordHash: string, scram?: string): Promise<void>;
  /** With its mail, also while somebody reads it: what is not read by then is 'missing'. */
  removeAccount(address: Address): Promise<void>;
  setPassword(address: Address, passwordHash: string, scram?: string): Promise<void>;
  /** What the account may hold from now on; what it holds already stays. Undefined, as at first: any amount. */
  setQuota(address: Address, quotaOctets: number | undefined): Promise<void>;
  /** Whether its passwords let anybody in. */
  setEnabled(address: Address, enabled: boolean): Promise<void>;
  addCredential(address: Address, credential: NewCredential): Promise<void>;
  removeCredential(address: Address, name: string): Promise<void>;
  listCredentials(address: Address): Soon<readonly CredentialSummary[]>;
  /**
   * Lists come in pages: the first, or the one behind `after`, which is the address, name or message that stood last on the one
   * before it. An empty page is behind the last. What changes meanwhile may be on none of them, or on two.
   */
  listAccounts(after?: string): Soon<readonly AccountSummary[]>;
  /** How many messages an account holds; undefined when there is none. */
  countMail(address: Address): Soon<number | undefined>;
  addDomain(name: string): Promise<void>;
  removeDomain(name: string): Promise<void>;
  listDomains(after?: string): Soon<readonly string[]>;
  /** `address.local` may be `*`: every name of the domain that nothing else answers to. */
  addAlias(address: Address, targets: readonly Address[]): Promise<void>;
  /** Without targets, the whole alias. */
  removeAlias(address: Address, targets: readonly Address[]): Promise<void>;
  listAliases(after?: string): Soon<readonly AliasEntry[]>;
  listMail(address: Address, after?: MailSummary): Soon<readonly MailSummary[]>;
  /** The message of this number, from 1. */
  findMail(address: Address, number: number): Soon<MailSummary | undefined>;
  /** As RETR would send it: trace headers and body. */
  readMail(address: Address, id: number): Iterable<Uint8Array>;
}

/**
 * - `busy`: the store is behind; the same request may succeed in a moment.
 * - `full`: the disk or a size limit of the database is reached.
 * - `in-use`: another session holds the maildrop.
 * - `over-quota`: the account may not hold more.
 * - `over-quota-meanwhile`: one of several recipients has come above its quota; without it the same request may succeed.
 * - `missing`: what was named is not there any more.
 * - `refused`: a change of the directory that makes no sense; the message says why.
 * - `unavailable`: the store cannot be reached or cannot write; nothing was done, or it is not known to be.
 */
export type StoreErrorKind =
  'busy' | 'full' | 'in-use' | 'over-quota' | 'over-quota-meanwhile' | 'missing' | 'refused' | 'unavailable';

/** Who holds a maildrop, and since when. */
export interface HolderSince extends Holder {
  readonly sinceMs: number;
}

export class StoreError extends Error {
  readonly kind: StoreErrorKind;
  /** With 'in-use'. */
  readonly holder: HolderSince | undefined;

  constructor(
    kind: StoreErrorKind,
    message: string,
    details?: { readonly cause?: unknown; readonly holder?: HolderSince },
  ) {
    super(message, details?.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'StoreError';
    this.kind = kind;
    this.holder = details?.holder;
  }
}
