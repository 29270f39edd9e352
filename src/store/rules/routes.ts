/**
 * Which route a message takes, whoever looks it up: that of the destination, or of the names below one, the nearest first; then that of
 * the sender's domain, likewise; then that of all destinations. Patterns are those of Postfix's transport(5). Pure.
 */
import { domainToASCII } from 'node:url';
import type { Route, RouteKey } from '../routes.js';

/** All are in the memory of who sends. */
export const ROUTES_LIMIT = 1_000;
export const EVERY_DOMAIN = '*';

/** Those that would stand, the first of them before all others. */
export function routeKeys(destination: string, reversePath: string): readonly RouteKey[] {
  const sender = senderDomain(reversePath);
  return [
    ...patterns(destination).map((domain) => ({ scope: 'destination', domain }) as const),
    ...(sender === '' ? [] : patterns(sender)).map((domain) => ({ scope: 'sender', domain }) as const),
    { scope: 'destination', domain: EVERY_DOMAIN },
  ];
}

/** Of those that were found, the one that stands. */
export function firstOf(keys: readonly RouteKey[], found: readonly Route[]): Route | undefined {
  if (found.length < 2) return found[0];
  const byKey = new Map(found.map((route) => [textOfKey(route), route]));
  for (const key of keys) {
    const route = byKey.get(textOfKey(key));
    if (route !== undefined) return route;
  }
  return undefined;
}

export function textOfKey({ scope, domain }: RouteKey): string {
  return `${scope} ${domain}`;
}

/** `a.example.org`, `.example.org`, `.org`. */
function patterns(domain: string): readonly string[] {
  const found = [domain];
  for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.', dot + 1)) found.push(domain.slice(dot));
  return found;
}

function senderDomain(reversePath: string): string {
  const domain = reversePath.slice(reversePath.lastIndexOf('@') + 1).toLowerCase();
  return domainToASCII(domain) || domain;
}
