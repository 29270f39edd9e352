/**
 * Where the tokens of a relay login may go: to the relays that were told, else to those of a provider that is known, else to those that
 * the configuration or a route has for this user. A token of one provider never goes to another's relay.
 */
import { isIP } from 'node:net';
import { normalizeRemoteDomain } from '../message/domain.js';
import { nameOfEndpoint } from '../outbound/client/next-hop.js';
import { parseRelayUrl, type Relay } from '../outbound/client/relay-url.js';
import type { Route } from '../store/routes.js';
import { UsageError } from './command.js';

export interface HostChoice {
  readonly user: string;
  /** As typed, separated by commas. */
  readonly told: string | undefined;
  readonly known: readonly string[] | undefined;
  readonly relays: readonly Relay[];
  readonly routes: readonly Route[];
}

/** @throws UsageError where nothing says so */
export function relayHosts({ user, told, known, relays, routes }: HostChoice): readonly string[] {
  if (told !== undefined) return told.split(',').map(hostIn);
  if (known !== undefined) return known;
  const used = [...relays, ...routes.flatMap(relaysOf)].filter(
    ({ auth, user: who }) => auth !== undefined && who === user,
  );
  if (used.length > 0) return [...new Set(used.map(({ nextHop: { endpoint } }) => nameOfEndpoint(endpoint)))];
  throw new UsageError(
    `--relay-host is missing: the relay that takes these tokens, where no --relay and no route has ${user} before its @`,
  );
}

function hostIn(text: string): string {
  const host = isIP(text) === 0 ? normalizeRemoteDomain(text) : text;
  if (host === undefined) throw new UsageError(`--relay-host takes the name or the address of a relay, not '${text}'`);
  return host;
}

/** One that cannot be understood is not used either. */
export function relaysOf({ action }: Route): readonly Relay[] {
  try {
    return action.kind === 'relay' ? action.urls.map(parseRelayUrl) : [];
  } catch {
    return [];
  }
}
