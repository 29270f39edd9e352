/** What was leased, by the way that it takes: a message is sent once to all who are reached by the same route, whatever their domains. */
import type { LeasedMessage, LeasedRecipient, Reply } from '../store/queue.js';
import type { Result } from './outcomes.js';
import type { Route, Router } from './routes.js';

export interface Routed {
  readonly message: LeasedMessage;
  readonly recipients: readonly LeasedRecipient[];
  readonly route: Route;
}

export function routed(leased: readonly LeasedMessage[], router: Router): readonly Routed[] {
  const byMessage = new Map<number, Map<Route, { message: LeasedMessage; recipients: LeasedRecipient[] }>>();
  for (const message of leased) {
    const byRoute =
      byMessage.get(message.message) ?? new Map<Route, { message: LeasedMessage; recipients: LeasedRecipient[] }>();
    byMessage.set(message.message, byRoute);
    for (const recipient of message.recipients) {
      const route = router.route(recipient.destination, senderOf(message));
      const same = byRoute.get(route);
      if (same === undefined) byRoute.set(route, { message, recipients: [recipient] });
      else same.recipients.push(recipient);
    }
  }
  return [...byMessage.values()].flatMap((byRoute) =>
    [...byRoute].map(([route, { message, recipients }]) => ({
      message: { ...message, recipients },
      recipients,
      route,
    })),
  );
}

export function recipientsOf(leased: readonly LeasedMessage[]): readonly LeasedRecipient[] {
  return leased.flatMap(({ recipients }) => recipients);
}

/** By whose routes it goes: who has not logged in could name any sender. */
function senderOf({ submitter, reversePath }: LeasedMessage): string {
  return submitter === undefined ? '' : reversePath;
}

/** Of a route that leads nowhere. */
export function judgeRoute(route: Exclude<Route, { kind: 'hops' }>): Omit<Result, 'recipient'> {
  if (route.kind === 'hold') return { kind: 'held', reply: { text: route.text } };
  if (route.kind === 'retry') return { kind: 'deferred', reply: { enhanced: '4.3.5', text: route.text } };
  return { kind: 'failed', reply: { enhanced: route.status, text: route.text } };
}

export const UNREACHABLE: Reply = { text: 'The next hop cannot be reached' };

/** Of a route that more waits for than was ever planned: one of some senders that is slow. */
export const CROWDED: Omit<Result, 'recipient'> = {
  ...{ kind: 'deferred', reply: { enhanced: '4.3.2', text: 'Too much waits for the next hop' } },
};

/**
 * Whether none of them is asked for again before a hop of the route may be tried: their destinations rest as it does. One that has
 * other ways, of other senders, does not.
 */
export function restsWith(recipients: readonly LeasedRecipient[], route: Route, router: Router): boolean {
  return recipients.every(({ destination }) => router.ways(destination).every((way) => way === route));
}
