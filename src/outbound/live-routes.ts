/**
 * The routes as they are at this moment: the relays of the configuration, whose password may change, and what administration has made,
 * which changes under way. What did not change stays the same route, and keeps its connections.
 */
import type { Route as StoredRoute, RouteAction } from '../store/routes.js';
import type { TokenUse } from './access-tokens.js';
import type { NextHop } from './client/next-hop.js';
import { parseRelayUrl, UnfitRelayUrl } from './client/relay-url.js';
import { keyOf } from './hop.js';
import { nextHops, NoPassword } from './relays.js';
import { RouteTable, type Route, type Router } from './routes.js';

/** The first line of a file that holds a password. @throws Error whose message is a sentence */
export type ReadPassword = (file: string) => string | undefined;

/** What became of the routes. */
export interface Replaced {
  /** Mail may have another way by now. */
  readonly isChanged: boolean;
  /** What is wrong with some of them, a sentence each. */
  readonly troubles: readonly string[];
}

interface Made {
  readonly route: Route;
  readonly password?: string | undefined;
  /** What is wrong with it, in a sentence. */
  readonly trouble?: string;
}

export class LiveRoutes implements Router {
  readonly #relaysNow: () => readonly NextHop[];
  readonly #readPassword: ReadPassword;
  #relays: readonly NextHop[];
  /** By their actions. */
  #known: ReadonlyMap<string, Made> = new Map();
  #table: RouteTable;

  /** `relaysNow` answers with the same list until something changes. @throws Error of its own */
  constructor(relaysNow: () => readonly NextHop[], readPassword: ReadPassword) {
    this.#relaysNow = relaysNow;
    this.#readPassword = readPassword;
    this.#relays = relaysNow();
    this.#table = new RouteTable(this.#relays);
  }

  route(destination: string, sender: string): Route {
    return this.#table.route(destination, sender);
  }

  ways(destination: string): readonly Route[] {
    return this.#table.ways(destination);
  }

  /** All that mail may go to. */
  get hops(): readonly NextHop[] {
    const made = [...this.#known.values()].flatMap(({ route }) => (route.kind === 'hops' ? route.hops : []));
    return [...this.#relays, ...made];
  }

  /** Those who log in by OAuth somewhere, and where. */
  get tokenUses(): readonly TokenUse[] {
    return this.hops.flatMap((hop) =>
      hop.credentials?.kind === 'oauth' ? [{ user: hop.credentials.user, hop: keyOf(hop) }] : [],
    );
  }

  /** From now on these stand. */
  replace(stored: readonly StoredRoute[]): Replaced {
    const before = { relays: this.#relays, known: this.#known };
    const trouble = this.#renewRelays();
    const known = new Map<string, Made>();
    const entries = stored.map(({ scope, domain, action }) => {
      const key = JSON.stringify(action);
      const made = known.get(key) ?? this.#make(action, this.#known.get(key));
      known.set(key, made);
      return { scope, domain, route: made.route };
    });
    this.#known = known;
    this.#table = new RouteTable(this.#relays, entries);
    const troubles = [trouble ?? [], ...[...known.values()].map((made) => made.trouble ?? [])].flat();
    return { isChanged: this.#relays !== before.relays || isOther(known, before.known), troubles };
  }

  /** Those of a password that can be read no longer stay. Returns what is wrong with them. */
  #renewRelays(): string | undefined {
    try {
      this.#relays = this.#relaysNow();
      return undefined;
    } catch (error) {
      return `The relay is used as it was before: ${(error as Error).message}`;
    }
  }

  /** A password that can be read no longer stays as it was read; without one, mail waits. */
  #make(action: RouteAction, before: Made | undefined): Made {
    if (action.kind !== 'relay') return before ?? { route: action };
    try {
      const password = action.passwordFile === undefined ? undefined : this.#readPassword(action.passwordFile);
      if (before?.route.kind === 'hops' && before.password === password) return { route: before.route, password };
      return { route: { kind: 'hops', hops: hopsOf(action.urls, password) }, password };
    } catch (error) {
      const trouble = `A route to ${action.urls.join(', ')} cannot be used as it is: ${(error as Error).message}`;
      return { ...(before ?? { route: { kind: 'retry', text: (error as Error).message } }), trouble };
    }
  }
}

function isOther(now: ReadonlyMap<string, Made>, before: ReadonlyMap<string, Made>): boolean {
  return now.size !== before.size || [...now].some(([key, { route }]) => route !== before.get(key)?.route);
}

/** @throws Error whose message is a sentence */
function hopsOf(urls: readonly string[], password: string | undefined): readonly NextHop[] {
  try {
    return nextHops(urls.map(parseRelayUrl), password);
  } catch (error) {
    if (error instanceof UnfitRelayUrl) throw new Error(`It ${error.message}`, { cause: error });
    if (error instanceof NoPassword) throw new Error('It has a user, and no password', { cause: error });
    throw error;
  }
}

export function passwordFilesOf(stored: readonly StoredRoute[]): readonly string[] {
  return stored.flatMap(({ action }) => (action.kind === 'relay' ? (action.passwordFile ?? []) : []));
}
