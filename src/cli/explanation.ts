/** `pennypost queue explain`: what would become of mail to an address, asked of the store and the configuration, which decide it. */
import type { Configuration } from '../config/configuration.js';
import { formatStoredAddress } from '../message/mailbox.js';
import { parseRelayUrl, type Relay } from '../outbound/client/relay-url.js';
import type { Resolution } from '../store/deliveries.js';
import type { Route } from '../store/routes.js';
import type { Flag, Invocation } from './command.js';
import { exit } from './exit.js';
import { envelopeAddress, NULL_PATH, reversePath } from './operand.js';
import { describeAction } from './route.js';
import { withExistingStore } from './storage.js';
import { moment, printTable } from './terminal.js';

type Line = readonly [what: string, value: string];

export const explainFromFlag: Flag = {
  name: 'from',
  placeholder: 'ADDRESS',
  doc: 'The sender, where there are routes for the domains of senders.',
};

export async function explain(invocation: Invocation): Promise<number> {
  const { text, address } = envelopeAddress(invocation.operands[0]);
  const { configuration } = invocation.load();
  const from = reversePath(invocation.text(explainFromFlag.name) ?? NULL_PATH);
  const lines = await withExistingStore(configuration.db, async (store) => {
    const found = await store.resolve(address);
    if (found.kind !== 'remote') return here(found);
    const suppressed = await store.queuedMail.findSuppression(text);
    const refused: readonly Line[] =
      suppressed === undefined
        ? []
        : [['suppressed', `since ${moment(suppressed.sinceMs)}: ${suppressed.reason}; nothing is sent there`]];
    const route = await store.routes.findRoute(address.domain, from);
    return [['goes', `out, to ${address.domain}`] as const, ...refused, ...way(configuration, route)];
  });
  await printTable(['what', 'value'], [['address', text], ...lines]);
  return exit.fine;
}

function here(found: Exclude<Resolution, { kind: 'remote' }>): readonly Line[] {
  if (found.kind === 'unknown') return [['goes', 'nowhere: its domain is local, and there is no such mailbox']];
  if (found.kind === 'too-many') return [['goes', 'nowhere: it leads to too many mailboxes']];
  return found.targets.map((target): Line => [
    'goes',
    target.kind === 'local' ? `into ${formatStoredAddress(target.address)} here` : `out, to ${target.address}`,
  ]);
}

function way({ outbound, relay, relayPasswordFile }: Configuration, route: Route | undefined): readonly Line[] {
  if (outbound === 'off')
    return [['outbound', 'off: it is refused; --outbound relay and --relay URL would let it out']];
  if (route === undefined) return relays(relay, relayPasswordFile ?? 'PENNYPOST_RELAY_PASSWORD');
  const { scope, domain, action } = route;
  const own: Line = ['route', `of the ${scope} ${domain}: ${describeAction(action)}`];
  return action.kind === 'relay' ? [own, ...relays(action.urls.map(parseRelayUrl), action.passwordFile ?? '')] : [own];
}

function relays(each: readonly Relay[], password: string): readonly Line[] {
  return each.map((relay, at): Line => [at === 0 ? 'relay' : 'or else', hop(relay, password)]);
}

function hop({ nextHop, user, auth }: Relay, password: string): string {
  const { endpoint, protocol, tls, tlsName } = nextHop;
  if (endpoint.kind === 'unix') return `${protocol} at ${endpoint.path}`;
  const proof = auth === 'oauth' ? "an access token (see 'pennypost relay status')" : `the password of ${password}`;
  const login = user === undefined ? 'without a login' : `as ${user}, with ${proof}`;
  const certificate = tls === 'required' || tls === 'implicit' ? `, certificate of ${tlsName ?? endpoint.host}` : '';
  return `${protocol} at ${endpoint.host} port ${endpoint.port}, TLS ${tls}${certificate}, ${login}`;
}
