/** Ways of their own that mail to other domains takes: made by administration, followed by who sends, asked by who takes mail in. */
import type { MaybePromise } from './shapes.js';

/** `relay`: to the first of these that can be reached; the file has the password of whoever logs in there, never the database. */
export type RouteAction =
  | { readonly kind: 'relay'; readonly urls: readonly string[]; readonly passwordFile?: string | undefined }
  /** It waits until an administrator releases it. */
  | { readonly kind: 'hold'; readonly text: string }
  /** It is refused when it is submitted, and what waits goes back to its sender. `status` as `5.7.1`. */
  | { readonly kind: 'error'; readonly status: string; readonly text: string };

/** Which mail it is for. */
export interface RouteKey {
  readonly scope: 'destination' | 'sender';
  /** In lower case and A-labels: `example.org`, `.example.org` for every name below it, or `*`, of destinations alone. */
  readonly domain: string;
}

export interface Route extends RouteKey {
  readonly action: RouteAction;
}

/** What asks for one. */
export interface RouteLookup {
  /** The route of mail to this domain from this reverse-path, by the order of rules/routes.ts; undefined: the relays. */
  findRoute(destination: string, reversePath: string): MaybePromise<Route | undefined>;
}

export interface Routes extends RouteLookup {
  /** All of them: never more than ROUTES_LIMIT. */
  listRoutes(): MaybePromise<readonly Route[]>;
  /** In the place of one that has the same key. Rejects with 'refused' for a local domain, and when there are too many. */
  addRoute(route: Route): Promise<void>;
  /** Rejects with 'missing' when there is none. */
  removeRoute(key: RouteKey): Promise<void>;
}
