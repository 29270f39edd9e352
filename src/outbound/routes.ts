/**
 * Which way a destination's mail takes: the relays of the configuration, in order of preference, unless a route of its own was made
 * for the destination, for all names below one, or for the domain of the sender; the first that is there, in this order, stands.
 * Pure: what the routes are is given to it.
 */
import type { NextHop } from './client/next-hop.js';

export type Route =
  /** To the first of them that can be reached. Never empty. */
  | { readonly kind: 'hops'; readonly hops: readonly NextHop[] }
  /** Until an administrator releases it. */
  | { readonly kind: 'hold'; readonly text: string }
  /** Nothing goes there: the sender is told so. */
  | { readonly kind: 'error'; readonly status: string; readonly text: string };

/** What decides where mail goes. */
export interface Router {
  /** `sender` is the reverse-path; empty where it is not known yet, or null. */
  route(destination: string, sender: string): Route;
}

/** A route of its own, by a domain in lower case; `*.example.org` is every name below example.org. */
export interface RouteEntry {
  readonly of: 'destination' | 'sender';
  readonly domain: string;
  readonly route: Route;
}

export class RouteTable implements Router {
  readonly #byDestination = new Map<string, Route>();
  readonly #bySender = new Map<string, Route>();
  readonly #relays: Route;

  constructor(relays: readonly NextHop[], entries: readonly RouteEntry[] = []) {
    for (const { of, domain, route } of entries)
      (of === 'destination' ? this.#byDestination : this.#bySender).set(domain.toLowerCase(), route);
    this.#relays = relays.length === 0 ? NO_RELAY : { kind: 'hops', hops: relays };
  }

  route(destination: string, sender: string): Route {
    const domain = sender.slice(sender.lastIndexOf('@') + 1).toLowerCase();
    return find(this.#byDestination, destination) ?? find(this.#bySender, domain) ?? this.#relays;
  }
}

/** Mail that was queued while there was a relay waits for another. */
const NO_RELAY: Route = { kind: 'hold', text: 'There is no route to this destination, and no relay' };

function find(routes: ReadonlyMap<string, Route>, domain: string): Route | undefined {
  if (routes.size === 0) return undefined;
  const own = routes.get(domain);
  if (own !== undefined) return own;
  for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.', dot + 1)) {
    const above = routes.get(`*${domain.slice(dot)}`);
    if (above !== undefined) return above;
  }
  return undefined;
}

const ENHANCED = /^([45]\.\d{1,3}\.\d{1,3}) +/;
const NOT_DELIVERED_THERE = '5.7.1';

/** `error:TEXT`, where the text may begin with an enhanced code (RFC 3463); 4.x.x would not end: what is given up is given up. */
export function errorRoute(text: string): Route {
  const status = ENHANCED.exec(text)?.[1] ?? NOT_DELIVERED_THERE;
  const words = text.replace(ENHANCED, '').trim();
  return {
    kind: 'error',
    status: status.replace(/^4/, '5'),
    text: words === '' ? 'No mail is sent to this destination' : words,
  };
}
