/** `pennypost relay …`: how this server logs in at relays that want OAuth. Shows no token. */
import { printableLine } from '../message/printable.js';
import type { RelayLoginSummary } from '../store/relay-logins.js';
import { jsonFlag, optionFlags, type Command, type Invocation } from './command.js';
import { exit } from './exit.js';
import { relayLogin } from './relay-login.js';
import { withExistingStore } from './storage.js';
import { moment, print, printJson, printTable } from './terminal.js';

async function status(invocation: Invocation): Promise<number> {
  const { db } = invocation.load().configuration;
  const logins = await withExistingStore(db, ({ relayLogins }) => relayLogins.listRelayLogins());
  if (invocation.has(jsonFlag.name)) await printJson(logins);
  else
    await printTable(
      ['user', 'provider', 'for', 'since', 'refreshed', 'good until', 'problem'],
      logins.map(row),
      Infinity,
    );
  return logins.some(({ failure }) => failure !== undefined) ? exit.unavailable : exit.fine;
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
    summary: 'Show the logins at relays, and whether their tokens can be refreshed (69 when one cannot).',
    operands: [],
    flags: [jsonFlag, ...optionFlags('db')],
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
