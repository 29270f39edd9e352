/**
 * `pennypost status`: which processes run on a database, and what they have done. Changes nothing.
 * Exit status 1 says that no server runs, so that scripts need not read the text.
 */
import type { ProcessStatus, SupervisorStatus } from '../cluster/control/control-messages.js';
import { placeOf } from '../cluster/control/place.js';
import type { ServerStatus } from '../store/status.js';
import { jsonFlag, optionFlags, type Command, type Invocation } from './command.js';
import { exit } from './exit.js';
import { becomeOwnerOf } from './owner.js';
import { moment, print, printJson, printTable } from './terminal.js';

const NOTHING = { supervisor: null, store: null, workers: [] };
const NOBODY = 'no supervisor answers: it starts or ends just now, is busy, or is of an older release';

async function status(invocation: Invocation): Promise<number> {
  const { db } = invocation.load().configuration;
  const { driverOf } = await import('../store/open.js');
  becomeOwnerOf(db);
  const { askSupervisors } = await import('../cluster/control/control-client.js');
  const server = await driverOf(db).readStatus(db);
  const supervisors = server === undefined ? [] : await askSupervisors(db);
  const processes = supervisors.flatMap((supervisor) => supervisor.processes);
  if (invocation.has(jsonFlag.name)) await printJson(server === undefined ? NOTHING : { ...server, processes });
  else if (server === undefined) await print(`No server runs on ${db}.\n`);
  else await printTable(['what', 'value'], [...rows(server), ...processRows(supervisors)]);
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

function processRows(supervisors: readonly SupervisorStatus[]): readonly (readonly string[])[] {
  if (supervisors.length === 0) return [['processes', NOBODY]];
  return supervisors.flatMap(({ processes }) => processes).map((each) => ['process', describe(each)]);
}

function describe({ role, pid, state, restarts, counts }: ProcessStatus): string {
  const counted = counts === undefined ? ['does not answer'] : Object.entries(counts).map((each) => each.join(' '));
  return [`${role} ${pid}`, state, `restarts ${restarts}`, ...counted].join(', ');
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
