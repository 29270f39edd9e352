/**
 * How much of each due destination is leased: what its next hop has room for, divided evenly among all that lead there, so that one with
 * a hundred thousand rows gets no more than its neighbour. Pure but for the hops that it asks.
 */
import type { DueDestination, LeaseRequest, Reply } from '../store/queue.js';
import type { Hop } from './hop.js';
import type { Hops } from './hops.js';
import type { Route, Router } from './routes.js';

export interface Plan {
  readonly requests: readonly LeaseRequest[];
  /** Nothing can be sent there before; none of it is to be asked for until then. */
  readonly resting: readonly {
    readonly destination: string;
    readonly waitMs: number;
    readonly reason: Reply | undefined;
  }[];
  /** Something is due that there is no room for. */
  readonly isShort: boolean;
}

export interface Room {
  /** By performance.now(), as hops count. */
  readonly nowMs: number;
  /** Jobs to be ready for each connection. */
  readonly ahead: number;
  /** Recipients that may be leased in all. */
  readonly free: number;
}

/** What goes nowhere, held, put off or refused, and what is delivered here, needs no room at a hop. */
const ROUTED_NOWHERE = 100;

/** What a destination waits for: the first next hop that can be tried, something that needs none, or the end of a rest. */
type Standing =
  | { readonly kind: 'usable'; readonly hop: Hop }
  | { readonly kind: 'nowhere' }
  | { readonly kind: 'dead'; readonly hop: Hop; readonly waitMs: number; readonly reason: Reply | undefined };

export function planLeases(
  page: readonly DueDestination[],
  { router, hops, local }: { router: Router; hops: Hops; local: ReadonlySet<string> },
  room: Room,
): Plan {
  const requests: LeaseRequest[] = [];
  const resting: Plan['resting'][number][] = [];
  const byHop = new Map<Hop, string[]>();
  const known = new Map<readonly Route[], Standing>();
  for (const { destination } of page) {
    const ways = router.ways(destination);
    const standing = known.get(ways) ?? standingOf(ways, hops, room.nowMs);
    known.set(ways, standing);
    if (standing.kind === 'nowhere' || local.has(destination))
      requests.push({ destination, recipients: ROUTED_NOWHERE });
    else if (standing.kind === 'usable') push(byHop, standing.hop, destination);
    else if (standing.waitMs > 0) {
      resting.push({ destination, waitMs: standing.waitMs, reason: standing.reason });
      standing.hop.rests(destination);
    }
  }
  const shared = [...byHop].flatMap(([hop, destinations]) => share(hop, destinations, room));
  const wanted = [...requests, ...shared];
  const fitting = fit(wanted, room.free);
  const asked = requests.length + [...byHop.values()].reduce((sum, each) => sum + each.length, 0);
  return { requests: fitting, resting, isShort: fitting.length < asked };
}

/** Whether more may be due of a destination than was asked for. */
export function isAnyFilled(requests: readonly LeaseRequest[], leased: readonly { destination: string }[]): boolean {
  const counts = new Map<string, number>();
  for (const { destination } of leased) counts.set(destination, (counts.get(destination) ?? 0) + 1);
  return requests.some(({ destination, recipients }) => (counts.get(destination) ?? 0) >= recipients);
}

/**
 * A destination rests only while each way there is dead: mail of one sender does not wait for the relay of others. What most mail takes
 * decides how much is leased, as long as it lives.
 */
function standingOf(ways: readonly Route[], hops: Hops, nowMs: number): Standing {
  const lists = ways.flatMap((route) => (route.kind === 'hops' ? [route.hops] : []));
  for (const list of lists.toReversed()) {
    const [first] = hops.usable(list, nowMs);
    if (first !== undefined) return { kind: 'usable', hop: hops.of(first) };
  }
  const [last] = lists.at(-1) ?? [];
  if (last === undefined || lists.length < ways.length) return { kind: 'nowhere' };
  const dead = lists.map((list) => hops.deadFor(list, nowMs)).toSorted((one, other) => one.waitMs - other.waitMs);
  return { kind: 'dead', hop: hops.of(last), waitMs: dead[0]?.waitMs ?? 0, reason: dead[0]?.reason };
}

function push(byHop: Map<Hop, string[]>, hop: Hop, destination: string): void {
  const destinations = byHop.get(hop);
  if (destinations === undefined) byHop.set(hop, [destination]);
  else destinations.push(destination);
}

/** Evenly; where not each can have one, the first in line. */
function share(hop: Hop, destinations: readonly string[], { nowMs, ahead }: Room): readonly LeaseRequest[] {
  if (!hop.isLow(nowMs, ahead)) return [];
  const room = hop.room(nowMs, ahead);
  const each = Math.max(1, Math.floor(room / destinations.length));
  return destinations.slice(0, room).map((destination) => ({ destination, recipients: each }));
}

function fit(requests: readonly LeaseRequest[], free: number): readonly LeaseRequest[] {
  let left = free;
  const fitting: LeaseRequest[] = [];
  for (const { destination, recipients } of requests) {
    const fits = Math.min(recipients, left);
    if (fits === 0) break;
    fitting.push({ destination, recipients: fits });
    left -= fits;
  }
  return fitting;
}
