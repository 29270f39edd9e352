/** `pennypost relay …`: how this server logs in at relays that want OAuth. Shows no token. */
import { printableLine } from '../message/printable.js';
import type { RelayLoginSummary } from '../store/relay-logins.js';
import type { Relay } from '../outbound/client/relay-url.js';
import { jsonFlag, optionFlags, type Command, type Invocation } from './command.js';
import { exit } from './exit.js';
import { outboundInForce } from './outbound-configuration.js';
import { relaysOf } from './relay-hosts.js';
import { relayLogin } from './relay-login.js';
import { withExistingStore } from './storage.js';
import { moment, print, printJson, printTable } from './terminal.js';

async function status(invocation: Invocation): Promise<number> {
  const { db } = invocation.load().configuration;
  const { relay } = await outboundInForce(invocation);
  const { logins, routes } = await withExistingStore(db, async (store) => ({
    logins: await store.relayLogins.listRelayLogins(),
    routes: await store.routes.listRoutes(),
  }));
  const wanted = missingLogins([...relay, ...routes.flatMap(relaysOf)], logins);
  if (invocation.has(jsonFlag.name)) await printJson(logins);
  else await printStatus(logins, wanted);
  return wanted.length > 0 || logins.some(({ failure }) => failure !== undefined) ? exit.unavailable : exit.fine;
}

async function printStatus(logins: readonly RelayLoginSummary[], wanted: readonly string[]): Promise<void> {
  const head = ['user', 'provider', 'for', 'since', 'refreshed', 'good until', 'problem'];
  if (logins.length > 0) await printTable(head, logins.map(row), Infinity);
  else await print('There is no login at a relay.\n');
  for (const user of wanted)
    await print(`Mail waits for a login of ${user}: 'pennypost relay login PROVIDER --user ${user}' makes it.\n`);
  if (logins.length === 0 && wanted.length === 0)
    await print('No relay and no route wants one: none has ?auth=oauth in its URL.\n');
}

/** Whom a relay or a route logs in by OAuth, and nobody has. */
function missingLogins(relays: readonly Relay[], logins: readonly RelayLoginSummary[]): readonly string[] {
  const users = relays.flatMap(({ auth, user }) => (auth === 'oauth' && user !== undefined ? [user] : []));
  return [...new Set(users)].filter((user) => !logins.some((login) => login.user === user));
}

function row({
  user,
  provider,
  hosts,
  sinceMs,
  refreshedAtMs,
  expiresAtMs,
  failure,
}: RelayLoginSummary): readonly string[] {
  const times = [sinceMs, refreshedAtMs, expiresAtMs].map(moment);
  const problem = failure === undefined ? '' : `${moment(failure.atMs)}: ${printableLine(failure.text)}`;
  return [user, provider, hosts.join(' '), ...times, problem];
}

async function logout(invocation: Invocation): Promise<number> {
  const [user = ''] = invocation.operands;
  const { db } = invocation.load().configuration;
  await withExistingStore(db, ({ relayLogins }) => relayLogins.removeRelayLogin(user));
  await print(`The tokens of ${user} are removed here; take back what was allowed at the provider, too.\n`);
  return exit.fine;
}

export const relayCommands: readonly Command[] = [
  relayLogin,
  {
    words: 'relay status',
    summary:
      'Show the logins at relays, and whether their tokens can be refreshed (69 when one cannot, or is missing).',
    operands: [],
    flags: [jsonFlag, ...optionFlags('db', 'relay')],
    examples: ['relay status', 'relay status --json'],
    run: status,
  },
  {
    words: 'relay logout',
    summary: 'Remove the tokens of a user; mail for its relay waits from then on.',
    operands: [{ name: 'USER', doc: "who logs in at the relay, as 'relay status' shows it" }],
    flags: optionFlags('db'),
    examples: ['relay logout office@example.org'],
    run: logout,
  },
];
