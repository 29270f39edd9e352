/**
 * Every change by administration as one row: what it may be given, what it does, and whose logins may not stand afterwards. The
 * method of the interface that has it (Changes in protocol/change.ts) says what it means, and sends its name and what it was given.
 */
import type { Buffer } from 'node:buffer';
import { FAILURES, type CollectorChange, type CollectorRun, type NewCollector } from '../../collectors.js';
import type { DeviceChange, MessageRate, NewDevice } from '../../devices.js';
import type { ExpireDays } from '../../directory.js';
import type { Quota } from '../../quotas.js';
import type { OwnLimits } from '../../recipient-limits.js';
import type { RouteKey } from '../../routes.js';
import type { AccountId, Address } from '../../shapes.js';
import type { Change, ChangeName, Changes as Changing } from '../protocol/change.js';
import {
  address,
  credential,
  flag,
  list,
  natural,
  oneOf,
  optional,
  record,
  requireShape,
  shaped,
  text,
  token,
  type Check,
  type Shape,
} from '../protocol/checks.js';
import { readJson } from '../protocol/frames.js';
import { autoreply, type AutoreplyWriter } from './autoreply-writer.js';
import type { Changes } from './changes.js';
import type { IndexWriter } from './index-writer.js';
import type { CollectorWriter } from './collector-writer.js';
import type { QueueWriter } from './queue-writer.js';
import type { RelayLoginWriter } from './relay-login-writer.js';
import type { WebSessionWriter } from './web-session-writer.js';
import { routeKey, routeShape } from '../protocol/route-shapes.js';
import { IDS_LIMIT } from '../protocol/queue-requests.js';

/** What rows do their work with. */
export interface ChangeTargets {
  readonly directory: Changes;
  removeAccount(address: Address): void;
  renameAccount(address: Address, to: Address, leavesAlias: boolean): void;
  setQuota(address: Address, quota: Quota): void;
  setDomainQuota(name: string, quota: Quota): void;
  removeDomain(name: string): void;
  setExpiry(address: Address, days: ExpireDays): void;
  setDomainExpiry(name: string, days: number | undefined): void;
  setRecipientLimits(address: Address, limits: Partial<OwnLimits>): void;
  restoreMail(address: Address, numbers: readonly number[]): number;
  undoRemoval(address: Address, removal: number, afterMs: number): number;
  readonly queue: QueueWriter;
  readonly relayLogins: RelayLoginWriter;
  readonly webSessions: WebSessionWriter;
  readonly index: IndexWriter;
  readonly collectors: CollectorWriter;
  readonly autoreplies: AutoreplyWriter;
}

export interface Changed {
  /** Whose logins may not stand any more: the account's, or nobody's. */
  readonly concerned: AccountId | 'nobody';
  /** Whether what others remember of the directory may not be so. */
  readonly isDirectory: boolean;
  /** How many rows were changed, where that is answered. */
  readonly count: number | undefined;
}

interface ChangeRow<Given extends readonly unknown[]> {
  /** A check for each that it is given. */
  readonly takes: { readonly [At in keyof Given]-?: Check };
  /** A number is answered. */
  readonly run: (to: ChangeTargets, ...given: Given) => unknown;
  /** It is about mail, or about what nobody else remembers: the directory is as it was. */
  readonly isQueue?: true;
  /** It takes rights away: logins to the account, which it is given first, are looked at again. */
  readonly revokes?: true;
}

export const NOTHING_CHANGED: Changed = { concerned: 'nobody', isDirectory: false, count: undefined };

type Table = { readonly [Name in ChangeName]: ChangeRow<Parameters<Changing[Name]>> };

/** Of rows; so many are changed in a few milliseconds. */
const ids: Check = (value) => list(natural)(value) && (value as readonly number[]).length <= IDS_LIMIT;

const TOKENS = { accessToken: token, expiresAtMs: natural, refreshToken: optional(token) };
const tokens = shaped(TOKENS);
const relayLogin = shaped({
  ...{ user: text, provider: text, tokenEndpoint: text, clientId: text, hosts: list(text) },
  ...{ clientSecret: optional(text), scope: optional(text), ...TOKENS },
});
const grant = shaped({
  ...{ account: natural, credential: optional(natural), scope: oneOf('web'), passwordVersion: natural },
});
const webSession = shaped({ id: text, grant, client: text, agent: text, untilMs: natural });
const refreshFailure = shaped({ text, isRefused: flag });
const removeAfter: Check = (value) => natural(value) || value === 'never';
const COLLECTOR: Shape<NewCollector> = {
  ...{ url: text, password: text, into: address, everyMs: natural, removeAfterMs: removeAfter },
};
const COLLECTOR_CHANGE: Shape<CollectorChange> = {
  ...{ password: optional(text), everyMs: optional(natural), removeAfterMs: optional(removeAfter) },
};
const collectorFailure = shaped({ text, kind: oneOf(...FAILURES) });
const RUN: Shape<CollectorRun> = {
  ...{ fetched: natural, leftOut: natural, failure: optional(collectorFailure), goesOn: optional(flag) },
};
const ownLimit: Check = (value) => natural(value) || oneOf('none', 'default')(value);
const positive: Check = (value) => natural(value) && value !== 0;
const expireDays: Check = (value) => positive(value) || oneOf('never', 'default')(value);
const ownLimits = shaped({ perHour: optional(ownLimit), perDay: optional(ownLimit) });
const quota = shaped({ octets: optional(natural), messages: optional(natural) } satisfies Shape<Quota>);
const RATE: Shape<MessageRate> = { messages: natural, periodMs: natural };
const withoutSetting = oneOf('from', 'account', 'rate', 'maxOctets', 'toDomains');
const DEVICE: Shape<NewDevice> = {
  ...{ name: text, networks: list(text), from: optional(text), account: optional(address) },
  ...{ rate: optional(shaped(RATE)), maxOctets: optional(natural), toDomains: optional(list(text)) },
};
const DEVICE_CHANGE: Shape<DeviceChange> = {
  ...DEVICE,
  ...{ networks: optional(list(text)), without: optional(list(withoutSetting)) },
};

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
  setQuota: { takes: [address, quota], run: (to, account, given) => to.setQuota(account, given) },
  setRecipientLimits: {
    takes: [address, ownLimits],
    run: (to, account, limits) => to.setRecipientLimits(account, limits),
  },
  setEnabled: {
    takes: [address, flag, optional(flag)],
    run: ({ directory }, account, enabled, refusesMail) => directory.setEnabled(account, enabled, refusesMail),
    revokes: true,
  },
  setForward: {
    takes: [address, list(address), flag],
    run: ({ directory }, account, targets, keeps) => directory.names.setForward(account, targets, keeps),
  },
  renameAccount: {
    takes: [address, address, flag],
    run: (to, account, name, leavesAlias) => to.renameAccount(account, name, leavesAlias),
    revokes: true,
  },
  setExpiry: { takes: [address, expireDays], run: (to, account, days) => to.setExpiry(account, days) },
  setDomainExpiry: { takes: [text, optional(positive)], run: (to, name, days) => to.setDomainExpiry(name, days) },
  setKeepsMail: {
    takes: [address, flag],
    run: ({ directory }, account, keepsMail) => directory.setKeepsMail(account, keepsMail),
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
  restoreMail: {
    takes: [address, ids],
    run: (to, account, numbers) => to.restoreMail(account, numbers),
    isQueue: true,
  },
  undoRemoval: {
    takes: [address, natural, natural],
    run: (to, account, removal, afterMs) => to.undoRemoval(account, removal, afterMs),
    isQueue: true,
  },
  addDomain: { takes: [text], run: ({ directory }, name) => directory.names.addDomain(name) },
  removeDomain: { takes: [text], run: (to, name) => to.removeDomain(name) },
  addDomainAlias: {
    takes: [text, text],
    run: ({ directory }, name, of) => directory.names.addDomainAlias(name, of),
  },
  setDomainQuota: { takes: [text, quota], run: (to, name, given) => to.setDomainQuota(name, given) },
  addAlias: {
    takes: [address, list(address)],
    run: ({ directory }, alias, targets) => directory.names.addAlias(alias, targets),
  },
  removeAlias: {
    takes: [address, list(address)],
    run: ({ directory }, alias, targets) => directory.names.removeAlias(alias, targets),
  },
  addRoute: { takes: [routeShape], run: (to, route) => changeRoute(to, route, () => to.directory.addRoute(route)) },
  removeRoute: { takes: [routeKey], run: (to, key) => changeRoute(to, key, () => to.directory.removeRoute(key)) },
  addDevice: { takes: [shaped(DEVICE)], run: ({ directory }, device) => directory.addDevice(device) },
  setDevice: { takes: [shaped(DEVICE_CHANGE)], run: ({ directory }, change) => directory.setDevice(change) },
  removeDevice: { takes: [text], run: ({ directory }, name) => directory.removeDevice(name) },
  indexMail: { takes: [flag], run: ({ index }, anew) => index.request(anew), isQueue: true },
  addCollector: {
    takes: [shaped(COLLECTOR)],
    run: ({ directory, collectors }, added) => collectors.add(directory.names.requireAccount(added.into), added),
  },
  setCollector: {
    takes: [natural, shaped(COLLECTOR_CHANGE)],
    run: ({ collectors }, id, change) => collectors.set(id, change),
  },
  removeCollector: { takes: [natural], run: ({ collectors }, id) => collectors.remove(id) },
  claimCollector: {
    takes: [natural, natural, shaped({ by: text, forMs: natural })],
    run: ({ collectors }, id, version, claim) => collectors.claim(id, version, claim),
    isQueue: true,
  },
  settleCollector: {
    takes: [natural, natural, shaped(RUN)],
    run: ({ collectors }, id, version, run) => collectors.settle(id, version, run),
    isQueue: true,
  },
  setAutoreply: {
    takes: [address, optional(autoreply)],
    run: ({ directory, autoreplies }, account, given) =>
      autoreplies.set(directory.names.requireAccount(account), given),
  },
  claimAnswer: {
    takes: [natural, text],
    run: ({ autoreplies }, account, sender) => autoreplies.claim(account, sender),
    isQueue: true,
  },
  hold: { takes: [ids], run: ({ queue }, each) => queue.hold(each), isQueue: true },
  release: { takes: [ids], run: ({ queue }, each) => queue.release(each), isQueue: true },
  retry: { takes: [ids], run: ({ queue }, each) => queue.retry(each), isQueue: true },
  remove: { takes: [ids], run: ({ queue }, each) => queue.remove(each), isQueue: true },
  addSuppression: {
    takes: [text, text],
    run: ({ queue }, whom, reason) => queue.suppress(whom, reason),
    isQueue: true,
  },
  removeSuppression: { takes: [text], run: ({ queue }, whom) => queue.unsuppress(whom), isQueue: true },
  setRelayLogin: { takes: [relayLogin], run: ({ relayLogins }, login) => relayLogins.set(login), isQueue: true },
  removeRelayLogin: { takes: [text], run: ({ relayLogins }, user) => relayLogins.remove(user), isQueue: true },
  claimRelayLogin: {
    takes: [text, natural, natural],
    run: ({ relayLogins }, user, version, claimMs) => relayLogins.claim(user, version, claimMs),
    isQueue: true,
  },
  refreshRelayLogin: {
    takes: [text, natural, tokens],
    run: ({ relayLogins }, user, version, fresh) => relayLogins.refresh(user, version, fresh),
    isQueue: true,
  },
  addWebSession: { takes: [webSession], run: ({ webSessions }, session) => webSessions.add(session), isQueue: true },
  extendWebSession: {
    takes: [text, text, natural],
    run: ({ webSessions }, id, client, untilMs) => webSessions.extend(id, client, untilMs),
    isQueue: true,
  },
  removeWebSession: {
    takes: [address, text],
    run: ({ directory, webSessions }, account, id) => webSessions.remove(directory.names.requireAccount(account), id),
    isQueue: true,
  },
  failRelayLogin: {
    takes: [text, natural, refreshFailure],
    run: ({ relayLogins }, user, version, failure) => relayLogins.fail(user, version, failure),
    isQueue: true,
  },
};

/** What rests because of the way that it took before goes by the new one. */
function changeRoute({ queue }: ChangeTargets, { domain }: RouteKey, change: () => void): void {
  change();
  queue.leases.rest({ destination: domain });
}

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

/** @throws StoreError */
export function applyChange({ change, given }: Change, to: ChangeTargets): Changed {
  const row = CHANGES[change] as ChangeRow<readonly unknown[]>;
  const concerned = row.revokes === true ? to.directory.names.accountId(given[0] as Address) : undefined;
  const count = row.run(to, ...given);
  return {
    ...{ concerned: concerned ?? 'nobody', isDirectory: row.isQueue !== true },
    count: typeof count === 'number' ? count : undefined,
  };
}
