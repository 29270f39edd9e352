/** Who may log in: accounts, their passwords, and what a session's login rests on. */
import type { AccountId, Scope, Secrets, MaybePromise } from './shapes.js';

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
  /** A PHC string; only auth/ reads it. Undefined where the main password lets nobody in: under the name of a device. */
  readonly passwordHash: string | undefined;
  /** Another for each password that was set; the same when its secrets are made anew. */
  readonly passwordVersion: number;
  /** The SCRAM keys of the main password. */
  readonly scram: string | undefined;
  /** Who is not enabled cannot log in; mail for the account arrives all the same. */
  readonly enabled: boolean;
  /** The client that used the main password last. */
  readonly lastUsedFrom: string | undefined;
  /**
   * Each password opens a view of its own, and removes nothing that others see: the account keeps its mail, or the name was that
   * of a device.
   */
  readonly hasViews: boolean;
  /** After so many days its mail is removed; undefined for never. */
  readonly expireDays: number | undefined;
  /** Under the name of a device, the one of that name alone. */
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

/** What decides who may log in sees of a store. */
export interface Logins {
  /**
   * The account that logs in under this name: `local@domain`, or a local part alone in the first domain. Whatever spellings of a
   * mailbox there are mean the same (rules/login-name.ts). Where no account has the name, `local+device` means the account
   * `local`, with the credential that is called `device` alone.
   */
  findLogin(name: string): MaybePromise<Account | undefined>;
  /** Whether what was proved would still let somebody in: the account is there and enabled, its password the same or the credential there and good for the scope. */
  stands(grant: Grant): MaybePromise<boolean>;
  /** The address that a login under this name means, in lower case and without a device, whether or not there is such an account. */
  loginAddress(name: string): MaybePromise<string>;
  /** 32 random octets of this database that never leave it: what makes a salt for names that nobody has. */
  saltSecret(): MaybePromise<Uint8Array>;
  /** Told, not asked: never waited for, written at most once a minute for each credential, lost when the store is away. */
  recordUse(use: Use): void;
  /** Replaces secrets that are out of date; durable when it resolves. Does nothing when they were changed meanwhile. */
  renew(renewal: Renewal): Promise<void>;
}
