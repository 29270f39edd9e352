/** `pennypost queue explain`: what would become of mail to an address, asked of the store and of who decides it. */
import { formatStoredAddress } from '../message/mailbox.js';
import { parseRelayUrl, type Relay } from '../outbound/client/relay-url.js';
import type { Resolution, Target } from '../store/deliveries.js';
import type { Route } from '../store/routes.js';
import type { Flag, Invocation } from './command.js';
import { exit } from './exit.js';
import { envelopeAddress, NULL_PATH, reversePath } from './operand.js';
import { outboundInForce, type OutboundInForce } from './outbound-configuration.js';
import { describeAction } from './route.js';
import { withExistingStore, type Administration } from './storage.js';
import { moment, printTable } from './terminal.js';

type Line = readonly [what: string, value: string];

export const explainFromFlag: Flag = {
  name: 'from',
  placeholder: 'ADDRESS',
  doc: 'The sender, where there are routes for the domains of senders.',
};

interface Asked {
  readonly store: Administration;
  readonly from: string;
  readonly inForce: OutboundInForce;
}

export async function explain(invocation: Invocation): Promise<number> {
  const { text, address } = envelopeAddress(invocation.operands[0]);
  const { configuration } = invocation.load();
  const from = reversePath(invocation.text(explainFromFlag.name) ?? NULL_PATH);
  const inForce = await outboundInForce(invocation);
  const lines = await withExistingStore(configuration.db, async (store) => {
    const asked: Asked = { store, from, inForce };
    const found = await store.resolve(address);
    return found.kind === 'remote' ? elsewhere(text, address.domain, asked) : here(found, asked);
  });
  await printTable(['what', 'value'], [['address', text], ...lines, ['configuration', inForce.whose]]);
  return exit.fine;
}

async function here(found: Exclude<Resolution, { kind: 'remote' }>, asked: Asked): Promise<readonly Line[]> {
  if (found.kind === 'unknown') return [['goes', 'nowhere: its domain is local, and there is no such mailbox']];
  if (found.kind === 'disabled') return [['goes', 'nowhere: the mailbox is disabled and takes no mail']];
  if (found.kind === 'too-many') return [['goes', 'nowhere: it leads to too many mailboxes']];
  const each = await Promise.all(found.targets.map((target) => ofTarget(target, asked)));
  return each.flat();
}

/** A member of an alias takes its own way. */
async function ofTarget(target: Target, asked: Asked): Promise<readonly Line[]> {
  if (target.kind === 'local') return [['goes', `into ${formatStoredAddress(target.address)} here`]];
  return elsewhere(target.address, target.destination, asked);
}

async function elsewhere(address: string, destination: string, asked: Asked): Promise<readonly Line[]> {
  const { store, from, inForce } = asked;
  const suppressed = await store.queuedMail.findSuppression(address);
  const refused: readonly Line[] =
    suppressed === undefined
      ? []
      : [
          [
            'suppressed',
            `since ${moment(suppressed.sinceMs)}: ${suppressed.reason}; nothing is sent there before 'pennypost suppression remove ${suppressed.address}'`,
          ],
        ];
  const route = await store.routes.findRoute(destination, from);
  return [['goes', `out, to ${address}`], ...refused, ...way(inForce, route)];
}

function way({ outbound, relay, relayPasswordFile }: OutboundInForce, route: Route | undefined): readonly Line[] {
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
