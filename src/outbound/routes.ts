/**
 * Which way a destination's mail takes: the relays of the configuration, in order of preference, unless administration has made a route
 * for it, by the order of store/rules/routes.ts. Pure: what the routes are is given to it.
 */
import { EVERY_DOMAIN, routeKeys, textOfKey } from '../store/rules/routes.js';
import type { RouteKey } from '../store/routes.js';
import type { NextHop } from './client/next-hop.js';

export type Route =
  /** To the first of them that can be reached. Never empty. */
  | { readonly kind: 'hops'; readonly hops: readonly NextHop[] }
  /** Until an administrator releases it. */
  | { readonly kind: 'hold'; readonly text: string }
  /** Nothing can go there now: it is tried again later. */
  | { readonly kind: 'retry'; readonly text: string }
  /** Nothing goes there: the sender is told so. */
  | { readonly kind: 'error'; readonly status: string; readonly text: string };

/** What decides where mail goes. */
export interface Router {
  /** `sender` is the reverse-path; empty for the null reverse-path. */
  route(destination: string, sender: string): Route;
  /** All that mail there may take, whoever sends it, and last the one without a sender: the same list while nothing changes. */
  ways(destination: string): readonly Route[];
}

export interface RouteEntry extends RouteKey {
  readonly route: Route;
}

/** Mail that was queued while there was a relay waits for another. */
const NO_RELAY: Route = { kind: 'hold', text: 'There is no route to this destination, and no relay' };

export class RouteTable implements Router {
  readonly #routes: ReadonlyMap<string, Route>;
  /** Of destinations without a route of their own. */
  readonly #ways: readonly Route[];
  readonly #own = new Map<Route, readonly Route[]>();
  readonly #fallback: Route;

  constructor(relays: readonly NextHop[], entries: readonly RouteEntry[] = []) {
    this.#routes = new Map(entries.map((entry) => [textOfKey(entry), entry.route]));
    const every = this.#routes.get(textOfKey({ scope: 'destination', domain: EVERY_DOMAIN }));
    this.#fallback = every ?? (relays.length === 0 ? NO_RELAY : { kind: 'hops', hops: relays });
    const bySender = entries.filter(({ scope }) => scope === 'sender').map(({ route }) => route);
    this.#ways = [...new Set([...bySender, this.#fallback])];
    for (const { scope, route } of entries) if (scope === 'destination') this.#own.set(route, [route]);
  }

  route(destination: string, sender: string): Route {
    return this.#find(destination, sender) ?? this.#fallback;
  }

  ways(destination: string): readonly Route[] {
    const own = this.#find(destination, '', (key) => key.domain !== EVERY_DOMAIN);
    return (own && this.#own.get(own)) ?? this.#ways;
  }

  #find(destination: string, sender: string, counts: (key: RouteKey) => boolean = () => true): Route | undefined {
    if (this.#routes.size === 0) return undefined;
    for (const key of routeKeys(destination, sender)) {
      const route = counts(key) ? this.#routes.get(textOfKey(key)) : undefined;
      if (route !== undefined) return route;
    }
    return undefined;
  }
}
