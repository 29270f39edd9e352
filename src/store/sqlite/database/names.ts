/**
 * Where a forward-path leads: exact name, then the name before its `+detail`, then the domain's catch-all, then RFC 5321's
 * postmaster. What a name leads to is remembered without details, so that a stranger's thousand details of one list cost what
 * one does; a long list is read in slices.
 */
import type { Slices } from '../../../runtime/slices.js';
import { whenReady } from '../../../runtime/when-ready.js';
import type { Resolution, Target } from '../../deliveries.js';
import type { Address, Soon } from '../../shapes.js';
import { Expansion, NAMES_LIMIT, type AccountRow, type Expanding } from '../../rules/expansion.js';
import type { NameCache, Route } from './name-cache.js';
import type { Prepares } from './reading-connection.js';
import type { Reads } from './reads.js';

/** Between a name and its detail, as in `alice+lists@example.org`. */
const DETAIL_SEPARATOR = '+';
const CATCH_ALL = '*';
const POSTMASTER = 'postmaster';

export interface NamesNeeds {
  readonly reads: Reads;
  readonly slices: Slices;
  readonly firstDomainName: string | undefined;
}

interface Candidate {
  readonly domain: number;
  readonly name: string;
  /** With its separator; empty for none. */
  readonly detail: string;
}

export class Names {
  readonly #reads: Reads;
  readonly #slices: Slices;
  readonly #firstDomainName: string | undefined;
  readonly #expansion: Expansion;

  constructor(connection: Prepares, { reads, slices, firstDomainName }: NamesNeeds) {
    this.#reads = reads;
    this.#slices = slices;
    this.#firstDomainName = firstDomainName;
    this.#expansion = new Expansion(connection);
  }

  /** Without a cache when nobody would tell of a change. @throws StoreError */
  resolve(address: Address, cache: NameCache | undefined): Soon<Resolution> {
    const known = cache?.find(address);
    if (known !== undefined) return known;
    const keep = cache?.keeping(address) ?? ((resolution: Resolution) => resolution);
    return whenReady(this.#resolve(address, cache), keep);
  }

  #resolve(address: Address, cache: NameCache | undefined): Soon<Resolution> {
    const domain = this.#reads.domain.get(address.domain);
    if (domain === undefined) return { kind: 'foreign' };
    for (const candidate of this.#candidates(domain, address.local)) {
      const route = this.#route(candidate, cache);
      if (route instanceof Promise) return route.then((found) => resolutionOf(found, candidate.detail));
      if (route !== undefined) return resolutionOf(route, candidate.detail);
    }
    return { kind: 'unknown' };
  }

  firstDomain(): number | undefined {
    const name = this.#firstDomainName;
    return name === undefined ? this.#reads.oldestDomain.get() : this.#reads.domain.get(name);
  }

  /** RFC 5321 §4.5.1: every domain has a postmaster; where nobody made it, it is the first domain's, or the oldest account. */
  *#candidates(domain: number, local: string): Iterable<Candidate> {
    const name = normal(local);
    yield { domain, name, detail: '' };
    const at = name.indexOf(DETAIL_SEPARATOR);
    if (at > 0) yield { domain, name: name.slice(0, at), detail: local.slice(at) };
    yield { domain, name: CATCH_ALL, detail: '' };
    if (name !== POSTMASTER) return;
    const first = this.firstDomain();
    if (first !== undefined) yield { domain: first, name, detail: '' };
    const oldest = this.#reads.oldestAccount.get();
    if (oldest !== undefined) yield { domain: oldest.domain, name: oldest.local, detail: '' };
  }

  /** Undefined when nothing has this name. */
  #route({ domain, name }: Candidate, cache: NameCache | undefined): Soon<Route> | undefined {
    const known = cache?.route(domain, name);
    if (known !== undefined) return known;
    const keep = cache?.keeper(domain, name) ?? ((route: Route) => route);
    const account = this.#reads.account.get(domain, name);
    if (account !== undefined) return keep({ kind: 'account', targets: [targetOf(account)] });
    const targets = this.#reads.aliasTargets.all(domain, name, NAMES_LIMIT + 1);
    if (targets.length === 0) return undefined;
    return whenReady(this.#settle(this.#expansion.accounts(targets)), (accounts) => keep(aliasOf(accounts)));
  }

  #settle(expanding: Expanding): Soon<readonly AccountRow[] | 'too-many'> {
    const step = expanding.next();
    return step.done === true ? step.value : this.#settleInSlices(expanding);
  }

  async #settleInSlices(expanding: Expanding): Promise<readonly AccountRow[] | 'too-many'> {
    for (;;) {
      const untilMs = await this.#slices.next();
      do {
        const step = expanding.next();
        if (step.done === true) return step.value;
      } while (performance.now() < untilMs);
    }
  }
}

/** Names are compared without case, and however their accents are composed. */
export function normal(local: string): string {
  return local.normalize('NFC').toLowerCase();
}

function aliasOf(accounts: readonly AccountRow[] | 'too-many'): Route {
  return accounts === 'too-many' ? { kind: 'too-many' } : { kind: 'alias', targets: accounts.map(targetOf) };
}

/** Only an account's own address takes the detail along. */
function resolutionOf(route: Route, detail: string): Resolution {
  if (route.kind === 'too-many') return route;
  if (route.targets.length === 0) return { kind: 'unknown' };
  if (route.kind === 'alias' || detail === '') return { kind: 'local', targets: route.targets };
  return { kind: 'local', targets: route.targets.map((target) => withDetail(target, detail)) };
}

function targetOf({ id, address, room }: AccountRow): Target {
  return { account: id, address, ...(room !== null && { roomOctets: room }) };
}

function withDetail(target: Target, detail: string): Target {
  const at = target.address.lastIndexOf('@');
  return { ...target, address: `${target.address.slice(0, at)}${detail}${target.address.slice(at)}` };
}
