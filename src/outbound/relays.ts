/** The relays of the configuration as next hops: with the password of whom they have in their URL, or the login that is stored. */
import { nameOfEndpoint, type NextHop } from './client/next-hop.js';
import type { Relay } from './client/relay-url.js';

/** A relay that wants a login, and nobody said the password. */
export class NoPassword extends Error {}

/** @throws NoPassword */
export function nextHops(relays: readonly Relay[], password: string | undefined): readonly NextHop[] {
  return relays.map(({ nextHop, user, auth }) => {
    if (user === undefined) return nextHop;
    if (auth === 'oauth') return { ...nextHop, credentials: { kind: 'oauth', user } };
    if (password === undefined || password === '')
      throw new NoPassword(
        `The relay ${nameOfEndpoint(nextHop.endpoint)} is to be logged in at as ${user}, and there is no password: ` +
          'give a file with --relay-password-file, or the variable PENNYPOST_RELAY_PASSWORD',
      );
    return { ...nextHop, credentials: { kind: 'password', user, password } };
  });
}

/** The same again and again, with the password as it is by then: the same list while that is the same. */
export function relaysWith(relays: readonly Relay[], passwordNow: () => string | undefined): () => readonly NextHop[] {
  let known: { readonly password: string | undefined; readonly hops: readonly NextHop[] } | undefined;
  return () => {
    const password = passwordNow();
    if (known === undefined || known.password !== password) known = { password, hops: nextHops(relays, password) };
    return known.hops;
  };
}
