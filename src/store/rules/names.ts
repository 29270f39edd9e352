/**
 * Which name a forward-path means, whatever driver looks it up: the exact name, then those before a detail, the
 * longest first, then the
 * domain's catch-all, then RFC 5321's postmaster. And how names are compared.
 */
import type { RemoteTarget, Resolution, Target } from '../deliveries.js';
import type { AccountId, Address } from '../shapes.js';

/** Between a name and its detail, as in `alice+lists@example.org`. */
const DETAIL_SEPARATORS = '+';
/** Places at which a name is cut, the first in it: what a stranger makes of nothing but separators is not looked for without end. */
const CUTS_LIMIT = 8;
/** The alias of every name of a domain that nothing else answers to. */
export const CATCH_ALL = '*';
const POSTMASTER = 'postmaster';

/** Names are compared without case, and however their accents are composed. */
export function normalizeLocalPart(local: string): string {
  return local.normalize('NFC').toLowerCase();
}

/** As a directory holds it, `local@domain`: in lower case, unquoted. */
export function addressText({ local, domain }: Address): string {
  return `${normalizeLocalPart(local)}@${domain}`;
}

/** As an alias names an address in another domain: whoever has that domain may tell cases apart. */
export function addressElsewhere({ local, domain }: Address): string {
  return `${local}@${domain}`;
}

/** What these made. */
export function addressOf(text: string): Address {
  const at = text.lastIndexOf('@');
  return { local: text.slice(0, at), domain: text.slice(at + 1) };
}

/** A name before what the first `+` begins, as logins of devices have it, and where in it that begins; undefined for one without. */
export function beforeDetail(local: string): { readonly name: string; readonly at: number } | undefined {
  const name = normalizeLocalPart(local);
  const at = name.indexOf(DETAIL_SEPARATORS);
  return at > 0 ? { name: name.slice(0, at), at } : undefined;
}

/** One name that is looked for. */
export interface Candidate {
  /** In the domain of the path, in the first domain, or whatever account is the oldest. */
  readonly in: 'domain' | 'first-domain' | 'oldest-account';
  readonly name: string;
  /** With its separator, as it was given; empty for none. */
  readonly detail: string;
}

/**
 * In order: the first that is an account or an alias is meant. RFC 5321 §4.5.1: every domain has a postmaster; where nobody made
 * it, it is the first domain's, or the oldest account.
 */
export function* candidates(local: string, separators: string = DETAIL_SEPARATORS): Iterable<Candidate> {
  const name = normalizeLocalPart(local);
  yield { in: 'domain', name, detail: '' };
  for (const at of cutsOf(local, separators))
    yield { in: 'domain', name: normalizeLocalPart(local.slice(0, at)), detail: local.slice(at) };
  yield { in: 'domain', name: CATCH_ALL, detail: '' };
  if (name !== POSTMASTER) return;
  yield { in: 'first-domain', name, detail: '' };
  yield { in: 'oldest-account', name, detail: '' };
}

/** The last first: with `-`, who is called `a-b` gets what is for `a-b-lists`. */
function cutsOf(local: string, separators: string): readonly number[] {
  const cuts: number[] = [];
  for (let at = 1; at < local.length && cuts.length < CUTS_LIMIT; at++)
    if (separators.includes(local.charAt(at))) cuts.push(at);
  return cuts.reverse();
}

/** What one name leads to: an account, or an alias whose targets stand for it. */
export type Route =
  | { readonly kind: 'account'; readonly account: AccountId; readonly targets: readonly Target[] }
  | { readonly kind: 'alias'; readonly targets: readonly Target[] }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'disabled' };

/** Where an alias leads out to. */
export function remoteTarget(address: string): RemoteTarget {
  return { kind: 'remote', address, destination: addressOf(address).domain };
}

/** Only an account's own address takes the detail along. */
export function resolutionOf(route: Route, detail: string): Resolution {
  if (route.kind === 'too-many' || route.kind === 'disabled') return route;
  if (route.targets.length === 0) return { kind: 'unknown' };
  const { targets } = route;
  if (route.kind === 'alias') return { kind: 'local', targets };
  const { account } = route;
  return {
    kind: 'local',
    account,
    targets: detail === '' ? targets : targets.map((one) => withDetail(one, account, detail)),
  };
}

function withDetail(target: Target, account: AccountId, detail: string): Target {
  if (target.kind === 'remote' || target.account !== account) return target;
  const at = target.address.lastIndexOf('@');
  return { ...target, address: `${target.address.slice(0, at)}${detail}${target.address.slice(at)}` };
}
