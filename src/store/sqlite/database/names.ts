/**
 * Where a forward-path leads, looked up here by the rules of every driver (rules/names.ts). What a name leads to is remembered
 * without details, so that a stranger's thousand details of one list cost what one does; a long list is read in slices.
 */
import type { Slices } from '../../../runtime/slices.js';
import { whenReady } from '../../../runtime/when-ready.js';
import type { LocalTarget, Resolution } from '../../deliveries.js';
import {
  expand,
  isForwarding,
  keepsMail,
  NAMES_LIMIT,
  takesMail,
  type Expanding,
  type Expansion,
} from '../../rules/expansion.js';
import { candidates, remoteTarget, resolutionOf, type Candidate, type Route } from '../../rules/names.js';
import type { Address, MaybePromise } from '../../shapes.js';
import { AliasRows, roomsOf, type AccountRow } from './aliases.js';
import type { NameCache } from './name-cache.js';
import type { Prepares } from './reading-connection.js';
import type { Reads } from './reads.js';

export interface NamesOptions {
  readonly reads: Reads;
  readonly slices: Slices;
  readonly firstDomainName: string | undefined;
  readonly detailSeparators: string | undefined;
}

interface Place {
  readonly domain: number;
  readonly name: string;
}

export class Names {
  readonly #reads: Reads;
  readonly #slices: Slices;
  readonly #firstDomainName: string | undefined;
  readonly #detailSeparators: string | undefined;
  readonly #aliases: AliasRows;

  constructor(connection: Prepares, { reads, slices, firstDomainName, detailSeparators }: NamesOptions) {
    this.#reads = reads;
    this.#slices = slices;
    this.#firstDomainName = firstDomainName;
    this.#detailSeparators = detailSeparators;
    this.#aliases = new AliasRows(connection);
  }

  /** Without a cache when nobody would tell of a change. @throws StoreError */
  resolve(address: Address, cache: NameCache | undefined): MaybePromise<Resolution> {
    const known = cache?.find(address);
    if (known !== undefined) return known;
    const keep = cache?.keeping(address) ?? ((resolution: Resolution) => resolution);
    return whenReady(this.#resolve(address, cache), keep);
  }

  #resolve(address: Address, cache: NameCache | undefined): MaybePromise<Resolution> {
    const domain = this.#reads.domain.get(address.domain);
    if (domain === undefined) return { kind: 'remote' };
    for (const candidate of candidates(address.local, this.#detailSeparators)) {
      const place = this.#place(candidate, domain);
      const route = place && this.#route(place, cache);
      if (route instanceof Promise) return route.then((found) => resolutionOf(found, candidate.detail));
      if (route !== undefined) return resolutionOf(route, candidate.detail);
    }
    return { kind: 'unknown' };
  }

  firstDomain(): number | undefined {
    const name = this.#firstDomainName;
    return name === undefined ? this.#reads.oldestDomain.get() : this.#reads.domain.get(name);
  }

  #place(candidate: Candidate, domain: number): Place | undefined {
    const { name } = candidate;
    if (candidate.in === 'domain') return { domain, name };
    if (candidate.in === 'first-domain') {
      const first = this.firstDomain();
      return first === undefined ? undefined : { domain: first, name };
    }
    const oldest = this.#reads.oldestAccount.get();
    return oldest && { domain: oldest.domain, name: oldest.local };
  }

  /** Undefined when nothing has this name. */
  #route({ domain, name }: Place, cache: NameCache | undefined): MaybePromise<Route> | undefined {
    const known = cache?.route(domain, name);
    if (known !== undefined) return known;
    const keep = cache?.remember(domain, name) ?? ((route: Route) => route);
    const account = this.#reads.account.get(domain, name);
    if (account !== undefined) return whenReady(this.#routeOf(account, { domain, name }), keep);
    const targets = this.#reads.aliasTargets.all(domain, name, NAMES_LIMIT + 1);
    if (targets.length === 0) return undefined;
    return whenReady(this.#settle(expand(targets, this.#aliases)), (found) => keep(aliasOf(found)));
  }

  #routeOf(account: AccountRow, { domain, name }: Place): MaybePromise<Route> {
    if (!takesMail(account)) return { kind: 'disabled' };
    const own = keepsMail(account) ? [targetOf(account)] : [];
    if (!isForwarding(account)) return { kind: 'account', account: account.id, targets: own };
    const targets = this.#reads.aliasTargets.all(domain, name, NAMES_LIMIT + 1);
    return whenReady(this.#settle(expand(targets, this.#aliases)), (found) =>
      forwardOf(account.id, own, aliasOf(found)),
    );
  }

  #settle(expanding: Expanding<AccountRow>): MaybePromise<Expansion<AccountRow> | 'too-many'> {
    const step = expanding.next();
    return step.done === true ? step.value : this.#settleInSlices(expanding);
  }

  async #settleInSlices(expanding: Expanding<AccountRow>): Promise<Expansion<AccountRow> | 'too-many'> {
    for (;;) {
      const untilMs = await this.#slices.next();
      do {
        const step = expanding.next();
        if (step.done === true) return step.value;
      } while (performance.now() < untilMs);
    }
  }
}

/** What it keeps, and then what it forwards to. */
function forwardOf(account: number, own: readonly LocalTarget[], route: Route): Route {
  if (route.kind === 'disabled' && own.length > 0) return { kind: 'account', account, targets: own };
  return route.kind === 'alias' ? { kind: 'account', account, targets: [...own, ...route.targets] } : route;
}

function aliasOf(found: Expansion<AccountRow> | 'too-many'): Route {
  if (found === 'too-many') return { kind: 'too-many' };
  const accounts = found.accounts.filter(takesMail);
  const targets = [...accounts.map(targetOf), ...found.elsewhere.map(remoteTarget)];
  return targets.length === 0 && found.accounts.length > 0 ? { kind: 'disabled' } : { kind: 'alias', targets };
}

function targetOf(row: AccountRow): LocalTarget {
  const rooms = roomsOf(row);
  return {
    ...{ kind: 'local', account: row.id, address: row.address },
    ...(rooms.length > 0 && { rooms }),
    ...(row.autoreplies !== 0 && { autoreplies: true }),
  };
}
