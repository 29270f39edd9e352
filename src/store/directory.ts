/** Administration: accounts, credentials, domains and aliases. */
import type { Held, Quota } from './quotas.js';
import type { OwnLimits, RecipientUse } from './recipient-limits.js';
import type { Address, Scope, Secrets, MaybePromise } from './shapes.js';

export interface AccountSummary {
  readonly address: string;
  readonly messages: number;
  readonly octets: number;
  /** Undefined without a quota. */
  readonly quotaOctets: number | undefined;
  readonly quotaMessages: number | undefined;
  readonly createdAtMs: number;
  readonly lastDeliveryAtMs: number | undefined;
  readonly lastLoginAtMs: number | undefined;
  readonly enabled: boolean;
  /** What a login removes is hidden from that login alone. */
  readonly keepsMail: boolean;
  /** After so many days its mail is removed, by itself or with that of its domain; undefined for never. */
  readonly expireDays: number | undefined;
  /** While it is disabled. */
  readonly refusesMail: boolean;
  /** Where its mail goes, and not into its maildrop unless it keeps a copy. */
  readonly forward?: { readonly targets: readonly string[]; readonly keeps: boolean };
}

export interface DomainSummary {
  readonly name: string;
  /** The domain that it is another name of. */
  readonly aliasOf: string | undefined;
  /** By all of its accounts together; counted only where there is a quota. */
  readonly held?: Held;
  /** Undefined without a quota. */
  readonly quotaOctets: number | undefined;
  readonly quotaMessages: number | undefined;
}

/** A credential as administration shows it. */
export interface CredentialSummary {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number | undefined;
  readonly lastUsedFrom: string | undefined;
}

/** After how many days an account's mail is removed; `default`: as that of its domain. */
export type ExpireDays = number | 'never' | 'default';

export interface NewCredential extends Secrets {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

export interface AliasEntry {
  readonly address: string;
  readonly targets: readonly string[];
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
  /** What the account may hold from now on; what it holds already stays. At first any amount. */
  setQuota(address: Address, quota: Quota): Promise<void>;
  /** How many recipients in other domains it may send to from now on; what is not said stays as it was. */
  setRecipientLimits(address: Address, limits: Partial<OwnLimits>): Promise<void>;
  /** Rejects with 'missing' when there is no such account. */
  findRecipientUse(address: Address): MaybePromise<RecipientUse>;
  /** Whether what a login removes is hidden from that login alone; of sessions that begin from now on. */
  setKeepsMail(address: Address, keepsMail: boolean): Promise<void>;
  /**
   * After how many days, from when it came here, mail of the account is removed, as by a session. What is there already counts
   * as come today, unless it expired before by another number.
   */
  setExpiry(address: Address, days: ExpireDays): Promise<void>;
  /** The same of all accounts of a domain that are not told otherwise; undefined, as at first, for never. */
  setDomainExpiry(name: string, days: number | undefined): Promise<void>;
  /** Whether its passwords let anybody in. Of one that is disabled, whether its mail is refused; it arrives unless told. */
  setEnabled(address: Address, enabled: boolean, refusesMail?: boolean): Promise<void>;
  /** Where its mail goes from now on, whatever was said before; `keeps`: and into its maildrop too. Without targets there alone. */
  setForward(address: Address, targets: readonly Address[], keeps: boolean): Promise<void>;
  /**
   * The account has another name: with its mail, its UIDLs, its passwords, and all that leads to it. Logins under the old name are over.
   * `leavesAlias`: the old name leads to the new one.
   */
  renameAccount(address: Address, to: Address, leavesAlias: boolean): Promise<void>;
  addCredential(address: Address, credential: NewCredential): Promise<void>;
  /** With what was hidden from it. */
  removeCredential(address: Address, name: string): Promise<void>;
  listCredentials(address: Address): MaybePromise<readonly CredentialSummary[]>;
  /**
   * Lists come in pages: the first, or the one behind `after`, which is the address or name that stood last on the one before
   * it. An empty page is behind the last. What changes meanwhile may be on none of them, or on two.
   */
  listAccounts(after?: string): MaybePromise<readonly AccountSummary[]>;
  addDomain(name: string): Promise<void>;
  /** From now on each name of this domain is the same name of the other, for mail and for logins. It has no names of its own. */
  addDomainAlias(name: string, of: string): Promise<void>;
  /** With its aliases, and what of others leads to it. */
  removeDomain(name: string): Promise<void>;
  /** What all accounts of the domain may hold together from now on, beside what each may. */
  setDomainQuota(name: string, quota: Quota): Promise<void>;
  listDomains(after?: string): MaybePromise<readonly DomainSummary[]>;
  /** `address.local` may be `*`: every name of the domain that nothing else answers to. Targets in other domains get mail by the queue. */
  addAlias(address: Address, targets: readonly Address[]): Promise<void>;
  /** Without targets, the whole alias. */
  removeAlias(address: Address, targets: readonly Address[]): Promise<void>;
  listAliases(after?: string): MaybePromise<readonly AliasEntry[]>;
}
