/** What a route looks like in a frame. */
import type { Route, RouteAction, RouteKey } from '../../routes.js';
import { list, oneOf, optional, shaped, text, type Check, type Shape } from './checks.js';

const ACTIONS: Readonly<Record<RouteAction['kind'], Check>> = {
  relay: shaped({ kind: text, urls: list(text), passwordFile: optional(text) }),
  hold: shaped({ kind: text, text }),
  error: shaped({ kind: text, status: text, text }),
};
const action: Check = (value) => {
  const kind = (value as Partial<RouteAction> | null | undefined)?.kind;
  return kind !== undefined && Object.hasOwn(ACTIONS, kind) && ACTIONS[kind](value);
};
const KEY: Shape<RouteKey> = { scope: oneOf('destination', 'sender'), domain: text };
const ROUTE: Shape<Route> = { ...KEY, action };

export const routeKey = shaped(KEY);
export const routeShape = shaped(ROUTE);
