/**
 * `pennypost status`: which processes run on a database, and what they have done. Changes nothing.
 * Exit status 1 says that no server runs, so that scripts need not read the text.
 */
import { placeOf } from '../cluster/control/place.js';
import type { ServerStatus } from '../store/status.js';
import { jsonFlag, optionFlags, type Command, type Invocation } from './command.js';
import { exit } from './exit.js';
import { becomeOwnerOf } from './owner.js';
import { moment, print, printJson, printTable } from './terminal.js';

const NOTHING = { supervisor: null, store: null, workers: [] };

async function status(invocation: Invocation): Promise<number> {
  const { db } = invocation.load().configuration;
  const { driverOf } = await import('../store/open.js');
  becomeOwnerOf(db);
  const server = await driverOf(db).readStatus(db);
  if (invocation.has(jsonFlag.name)) await printJson(server ?? NOTHING);
  else if (server === undefined) await print(`No server runs on ${db}.\n`);
  else await printTable(['what', 'value'], rows(server));
  return server === undefined ? exit.refused : exit.fine;
}

function rows(server: ServerStatus): readonly (readonly string[])[] {
  const { supervisor, store, workers, listeners, failedReload } = server;
  return [
    ['database', server.db],
    ...(server.file === 'there' ? [] : [['its file', `${server.file}: nothing is accepted`]]),
    ['supervisor', supervisor === null ? 'none' : `pid ${supervisor.pid}`],
    ['store', store === null ? 'none' : `pid ${store.pid}, since ${moment(store.startedAtMs)}`],
    ...workers.map(({ pid, sessions }) => ['worker', `pid ${pid}, ${sessions} sessions`]),
    ...listeners.map((listener) => [listener.protocol, placeOf(listener)]),
    ['restarts', `store ${server.restarts.store}, workers ${server.restarts.workers}`],
    ...(failedReload === null ? [] : [['reload failed', `${moment(failedReload.atMs)}: ${failedReload.why}`]]),
    ['messages accepted', String(server.messagesAccepted)],
    ['WAL', `${server.walBytes} bytes`],
  ];
}

export const statusCommands: readonly Command[] = [
  {
    words: 'status',
    summary: 'Show the running server: processes, listeners, messages accepted.',
    operands: [],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['status', 'status --json'],
    run: status,
  },
];
