/**
 * Every change of the directory as one row: what it may be given, what it does, and whose logins may not stand afterwards. The
 * method of Directory (directory.ts) says what it means, and sends its name and what it was given.
 */
import type { Buffer } from 'node:buffer';
import type { Directory } from '../../directory.js';
import type { AccountId, Address } from '../../shapes.js';
import type { Change, ChangeName } from '../protocol/change.js';
import {
  address,
  credential,
  flag,
  list,
  natural,
  optional,
  record,
  requireShape,
  text,
  type Check,
} from '../protocol/checks.js';
import { readJson } from '../protocol/frames.js';
import type { Changes } from './changes.js';

/** What rows do their work with. */
export interface ChangeTargets {
  readonly directory: Changes;
  removeAccount(address: Address): void;
  setQuota(address: Address, octets: number | undefined): void;
}

interface ChangeRow<Given extends readonly unknown[]> {
  /** A check for each that it is given. */
  readonly takes: { readonly [At in keyof Given]-?: Check };
  readonly run: (to: ChangeTargets, ...given: Given) => void;
  /** It takes rights away: logins to the account, which it is given first, are looked at again. */
  readonly revokes?: true;
}

type Table = { readonly [Name in ChangeName]: ChangeRow<Parameters<Directory[Name]>> };

const CHANGES: Table = {
  addAccount: {
    takes: [address, text, optional(text)],
    run: ({ directory }, to, hash, scram) => directory.addAccount(to, { hash, scram }),
  },
  removeAccount: { takes: [address], run: (to, account) => to.removeAccount(account), revokes: true },
  setPassword: {
    takes: [address, text, optional(text)],
    run: ({ directory }, to, hash, scram) => directory.setPassword(to, { hash, scram }),
    revokes: true,
  },
  setQuota: { takes: [address, optional(natural)], run: (to, account, octets) => to.setQuota(account, octets) },
  setEnabled: {
    takes: [address, flag],
    run: ({ directory }, account, enabled) => directory.setEnabled(account, enabled),
    revokes: true,
  },
  addCredential: {
    takes: [address, credential],
    run: ({ directory }, account, added) => directory.addCredential(account, added),
  },
  removeCredential: {
    takes: [address, text],
    run: ({ directory }, account, name) => directory.removeCredential(account, name),
    revokes: true,
  },
  addDomain: { takes: [text], run: ({ directory }, name) => directory.addDomain(name) },
  removeDomain: { takes: [text], run: ({ directory }, name) => directory.removeDomain(name) },
  addAlias: {
    takes: [address, list(address)],
    run: ({ directory }, alias, targets) => directory.addAlias(alias, targets),
  },
  removeAlias: {
    takes: [address, list(address)],
    run: ({ directory }, alias, targets) => directory.removeAlias(alias, targets),
  },
};

/** @throws FrameError */
export function readChange(payload: Buffer): Change {
  const value = readJson(payload) as { readonly change?: unknown; readonly given?: unknown };
  requireShape(record(value) && Object.keys(value).length === 2 && Array.isArray(value.given));
  requireShape(typeof value.change === 'string' && Object.hasOwn(CHANGES, value.change));
  const change = value.change as ChangeName;
  const given = (value.given as readonly unknown[]).map((one) => one ?? undefined);
  const takes: readonly Check[] = CHANGES[change].takes;
  requireShape(given.length <= takes.length && takes.every((check, at) => check(given[at])));
  return { change, given: given as unknown as Change['given'] };
}

/** Returns the account whose logins may not stand any more, if there is one. @throws StoreError */
export function applyChange({ change, given }: Change, to: ChangeTargets): AccountId | undefined {
  const row = CHANGES[change] as ChangeRow<readonly unknown[]>;
  const concerned = row.revokes === true ? to.directory.accountId(given[0] as Address) : undefined;
  row.run(to, ...given);
  return concerned;
}
