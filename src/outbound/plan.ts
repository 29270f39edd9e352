/**
 * How much of each due destination is leased: what its next hop has room for, divided evenly among all that lead there, so that one with
 * a hundred thousand rows gets no more than its neighbour. Pure but for the hops that it asks.
 */
import type { DueDestination, LeaseRequest, Reply } from '../store/queue.js';
import type { Hop } from './hop.js';
import type { Hops } from './hops.js';
import type { Router } from './routes.js';

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

/** What goes nowhere, held or refused, needs no room at a hop. */
const ROUTED_NOWHERE = 100;

export function planLeases(
  page: readonly DueDestination[],
  { router, hops }: { router: Router; hops: Hops },
  room: Room,
): Plan {
  const requests: LeaseRequest[] = [];
  const resting: Plan['resting'][number][] = [];
  const byHop = new Map<Hop, string[]>();
  for (const { destination } of page) {
    const route = router.route(destination, '');
    if (route.kind !== 'hops') {
      requests.push({ destination, recipients: ROUTED_NOWHERE });
      continue;
    }
    const [first] = hops.usable(route.hops, room.nowMs);
    const { waitMs, reason } = hops.deadFor(route.hops, room.nowMs);
    if (first !== undefined) push(byHop, hops.of(first), destination);
    else if (waitMs > 0) {
      resting.push({ destination, waitMs, reason });
      hops.of(route.hops[0] as never).rests(destination);
    }
  }
  const shared = [...byHop].flatMap(([hop, destinations]) => share(hop, destinations, room));
  const wanted = [...requests, ...shared];
  const fitting = fit(wanted, room.free);
  const asked = requests.length + [...byHop.values()].reduce((sum, each) => sum + each.length, 0);
  return { requests: fitting, resting, isShort: fitting.length < asked };
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
