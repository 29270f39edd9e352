/**
 * The table of attacks. One more is one more row: what it needs, and what one of its sessions does. Rows that differ only in
 * how many sessions there are come from one line.
 */
import type { LineClient } from '../support/line-client.js';
import { pop3Session } from '../support/mail-clients.js';
import { slowDisk } from '../support/slow-disk.js';
import { askAgain, flood, type Attack } from './attack.js';
import { devices } from './devices.js';
import { each, over, plural } from './lines.js';
import { bareCrs, dots, fields, filled } from './messages.js';
import {
  accountName,
  deliverToAll,
  enter,
  enterMaildrop,
  fillMaildrop,
  makeList,
  members,
  PASSWORD,
} from './session.js';
import { outgoing } from './outgoing.js';
import { texts } from './texts.js';
import { strangers } from './strangers.js';

const FULL_MAILDROP = 200_000;
/** What a disk takes to move its arm. */
const PAGE_MS = 8;
const MEMBERS = 1000;
const PATHS = 1000;
const GREETED = ['EHLO attacker.example'];

export const attacks: readonly Attack[] = [
  { name: 'none', title: 'nobody', sessions: 0, attack: () => Promise.resolve() },
  ...each([1, 8, 50], (sessions) => fetchesOf('retr-dots', 'RETR of 50 MB of dots', sessions, ['RETR 1'], dots)),
  ...each([1, 8, 50], (sessions) => fetchesOf('top-dots', 'TOP of 50 MB of dots', sessions, ['TOP 1 99999999'], dots)),
  ...each([1, 50], (sessions) => fetchesOf('top-header', 'TOP 1 0 of short fields', sessions, ['TOP 1 0'], fields)),
  ...each([1, 50], (sessions) => fetchesOf('retr-crs', 'RETR of bare CRs', sessions, ['RETR 1'], bareCrs)),
  {
    name: 'retr-dots-in-turn',
    title: 'RETR of 50 MB of dots, one after the other',
    sessions: 1,
    prepare: (server) => deliverToAll(server, 1, dots()),
    attack: async (server, number, signal) =>
      askAgain(await enterMaildrop(server, number), 'RETR 1\r\n', '\r\n.\r\n', signal),
  },
  {
    name: 'slow-disk-10',
    title: 'RETR of 1 MB, one after the other, with 8 ms for each page that is read, 10 sessions',
    sessions: 10,
    environment: (directory) => slowDisk(directory, PAGE_MS),
    prepare: (server) => deliverToAll(server, 10, filled('Subject: slow\r\n\r\n', `${'x'.repeat(70)}\r\n`, 1_000_000)),
    attack: async (server, number, signal) =>
      askAgain(await enterMaildrop(server, number), 'RETR 1\r\n', '\r\n.\r\n', signal),
  },
  ...['UIDL', 'LIST'].map((verb) =>
    onFullMaildrop(verb.toLowerCase(), `${verb} of 200,000 messages, pipelined`, async (server, number, signal) =>
      flood(await enterMaildrop(server, number), over([verb]), signal),
    ),
  ),
  onFullMaildrop('login', 'login, STAT and QUIT, 200,000 messages', async ({ pop3Port }) => {
    const client = await pop3Session(pop3Port, accountName(0), PASSWORD);
    await client.ask('STAT', /^\+OK/);
    await client.ask('QUIT', /^\+OK/);
  }),
  onFullMaildrop('quit', 'DELE of 200,000 messages and QUIT, once', async ({ pop3Port }) => {
    const client = await pop3Session(pop3Port, accountName(0), PASSWORD);
    await removeAll(client);
  }),
  ...each([1, 8, 50], (sessions) => commands('noop', sessions, ['NOOP'])),
  ...each([1, 8, 50], (sessions) => commands('help', sessions, ['HELP', 'HELP MAIL'])),
  ...each([1, 8, 50], (sessions) => capabilities(sessions)),
  ...each([8, 50], (sessions) => commands('ehlo', sessions, ['EHLO attacker.example'])),
  ...each([8, 50], (sessions) =>
    commands('rcpt', sessions, ['MAIL FROM:<>', 'RCPT TO:<postmaster@localhost>', 'RSET']),
  ),
  ...each([8, 50], (sessions) => bodies('data-dots', 'DATA of dots', sessions, '..\r\n')),
  ...each([8, 50], (sessions) => bodies('data-crs', 'DATA of bare CRs', sessions, '\r')),
  ...each([8, 50], (sessions) => bodies('data-fields', 'DATA of fields R', sessions, 'r\r\n')),
  ...each([8, 50], (sessions) => ({
    name: `bdat-1-${sessions}`,
    title: `BDAT of one octet, ${plural(sessions)}`,
    sessions,
    attack: async (server, _, signal) =>
      flood(await enter(server.smtpPort, [...GREETED, ...ENVELOPE]), over(['BDAT 1\r\nx'], ''), signal),
  })),
  ...each([1, 8], (sessions) => ({
    name: `alias-${sessions}`,
    title: `RCPT of list+N, an alias of 1,000 members, 1,000 times a transaction, ${plural(sessions)}`,
    sessions,
    prepare: (server) => makeList(server, 'list', members(MEMBERS)),
    attack: async (server, _, signal) => flood(await enter(server.smtpPort, GREETED), listed(), signal),
  })),
  ...texts,
  ...strangers,
  ...outgoing,
  ...devices,
];

const ENVELOPE = ['MAIL FROM:<>', 'RCPT TO:<postmaster@localhost>'];

/** Each session asks for the same message of its own maildrop again and again, pipelined. */
function fetchesOf(
  name: string,
  title: string,
  sessions: number,
  lines: readonly string[],
  message: () => Buffer,
): Attack {
  return {
    name: `${name}-${sessions}`,
    title: `${title}, pipelined, ${plural(sessions)}`,
    sessions,
    prepare: (server) => deliverToAll(server, sessions, message()),
    attack: async (server, number, signal) => flood(await enterMaildrop(server, number), over(lines), signal),
  };
}

function commands(name: string, sessions: number, lines: readonly string[]): Attack {
  return {
    name: `${name}-${sessions}`,
    title: `${lines.join(', ')}, pipelined, ${plural(sessions)}`,
    sessions,
    attack: async (server, _, signal) => flood(await enter(server.smtpPort, GREETED), over(lines), signal),
  };
}

function capabilities(sessions: number): Attack {
  return {
    name: `capa-${sessions}`,
    title: `CAPA, pipelined, ${plural(sessions)}`,
    sessions,
    attack: async (server, _, signal) => flood(await enter(server.pop3Port), over(['CAPA']), signal),
  };
}

function onFullMaildrop(name: string, title: string, attack: Attack['attack']): Attack {
  return {
    name: `${name}-${FULL_MAILDROP}`,
    title,
    sessions: 1,
    prepare: (server) => fillMaildrop(server, FULL_MAILDROP, Buffer.from('Subject: one of many\r\n\r\ntext\r\n')),
    attack,
  };
}

/** Of a maildrop that has nothing more it is a session without DELE. */
async function removeAll(client: LineClient): Promise<void> {
  const [, count] = (await client.ask('STAT', /^\+OK/)).split(' ');
  client.write(Buffer.from(Array.from({ length: Number(count) }, (_, at) => `DELE ${at + 1}\r\n`).join('')));
  for (let left = Number(count); left > 0; left--) await client.expect(/^\+OK/);
  await client.ask('QUIT', /^\+OK/);
}

/** A message that never ends. */
function bodies(name: string, title: string, sessions: number, line: string): Attack {
  return {
    name: `${name}-${sessions}`,
    title: `${title}, ${plural(sessions)}`,
    sessions,
    attack: async (server, _, signal) =>
      flood(await enter(server.smtpPort, [...GREETED, ...ENVELOPE, 'DATA']), over([line], ''), signal),
  };
}

/** One transaction: as many paths as it may have, and no two the same. */
function listed(): Buffer {
  const paths = Array.from({ length: PATHS }, (_, detail) => `RCPT TO:<list+${detail}@localhost>`);
  return Buffer.from(['MAIL FROM:<>', ...paths, 'RSET', ''].join('\r\n'));
}
