/**
 * `pennypost status`: which processes run on a database, what they have done, and what is not as it should be. Changes nothing.
 * The exit status says whether a server runs (1 when none does) and is healthy (69 when it is not), so that scripts need not read the
 * text.
 */
import type { ProcessStatus } from '../cluster/control/control-messages.js';
import { placeOf } from '../cluster/control/place.js';
import type { ServerStatus } from '../cluster/control/server-status.js';
import { StoreError } from '../store/errors.js';
import type { QueueCounts } from '../store/queued-mail.js';
import type { DeviceStatus, StoreStatus } from '../store/status.js';
import { jsonFlag, optionFlags, type Command, type Invocation } from './command.js';
import { exit } from './exit.js';
import { becomeOwnerOf } from './owner.js';
import { counted, moment, print, printJson, printTable } from './terminal.js';

export const NOTHING = { supervisor: null, store: null, workers: [] };
const NOBODY = 'no supervisor answers: it starts or ends just now, is busy, or is of an older release';

async function status(invocation: Invocation): Promise<number> {
  const { db } = invocation.load().configuration;
  becomeOwnerOf(db);
  const server = await serverOn(db);
  if (invocation.has(jsonFlag.name)) await printJson(server ?? NOTHING);
  else if (server === undefined) await print(`No server runs on ${db}.\n`);
  else await printTable(['what', 'value'], rows(server));
  if (server === undefined) return exit.refused;
  return server.healthy ? exit.fine : exit.unavailable;
}

/** Undefined when neither a supervisor nor a store is there. @throws StoreError when only a store is, and it does not answer */
export async function serverOn(db: string): Promise<ServerStatus | undefined> {
  const { askSupervisors } = await import('../cluster/control/control-client.js');
  const { serverStatus } = await import('../cluster/control/server-status.js');
  const [supervisors, store] = await Promise.all([askSupervisors(db, 'status'), askStore(db)]);
  if (supervisors.length === 0 && store instanceof StoreError) throw store;
  if (supervisors.length === 0 && store === undefined) return undefined;
  return serverStatus(db, supervisors, store instanceof StoreError ? undefined : store);
}

/** A store that does not answer is no reason to say nothing of the rest. */
async function askStore(db: string): Promise<StoreStatus | StoreError | undefined> {
  const { driverOf } = await import('../store/open.js');
  try {
    return await driverOf(db).readStatus(db);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return error;
  }
}

function rows(server: ServerStatus): readonly (readonly string[])[] {
  const { supervisor, listeners, failedReload, restarts, problems, processes } = server;
  const others = processes.filter(({ role, pid }) => role !== 'store' || pid !== server.store?.pid);
  return [
    ['database', server.db],
    ...problems.map((problem) => ['problem', problem]),
    ['supervisor', supervisor === null ? 'none' : `pid ${supervisor.pid}`],
    ...storeRows(server),
    ...listeners.map((listener) => [listener.protocol, placeOf(listener)]),
    ...(restarts.store + restarts.workers === 0
      ? []
      : [['died and started again', `store ${restarts.store}, workers ${restarts.workers}`]]),
    ...(failedReload === null ? [] : [['reload failed', `${moment(failedReload.atMs)}: ${failedReload.why}`]]),
    ...(supervisor === null ? [['processes', NOBODY]] : others.map((each) => [each.role, describe(each)])),
  ];
}

function storeRows({
  store,
  file,
  messagesAccepted,
  walBytes,
  queue,
  unindexed,
  devices,
}: ServerStatus): readonly (readonly string[])[] {
  if (store === null) return [['store', 'does not answer']];
  return [
    ...(file === 'there' ? [] : [['its file', `${file}: nothing is accepted`]]),
    ['store', `pid ${store.pid}, since ${moment(store.startedAtMs)}`],
    ['messages accepted', String(messagesAccepted)],
    ...(walBytes === null ? [] : [['WAL', `${walBytes} bytes`]]),
    ...(unindexed === null
      ? []
      : [['search index', unindexed === 0 ? 'up to date' : `${counted(unindexed, 'message')} not in it`]]),
    ...(devices ?? []).map((device) => ['device', ofDevice(device)]),
    ...(queue === null ? [] : queueRows(queue)),
  ];
}

/** By the recipient. */
function queueRows({ oldestQueuedAtMs, nextDueAtMs, ...states }: QueueCounts): readonly (readonly string[])[] {
  const numbers = Object.entries(states).map((each) => each.toReversed().join(' '));
  return [
    ['queue', numbers.join(', ')],
    ...(oldestQueuedAtMs === null ? [] : [['oldest in queue', moment(oldestQueuedAtMs)]]),
    ...(nextDueAtMs === null ? [] : [['next due', nextDueAtMs <= Date.now() ? 'now' : moment(nextDueAtMs)]]),
  ];
}

/** The last of both; `device show` tells more. */
function ofDevice({ name, acceptedToday, refusedToday, lastMailAtMs, lastRefusedAtMs }: DeviceStatus): string {
  const [mail, refusal] = [lastMailAtMs, lastRefusedAtMs].map((atMs) => moment(atMs ?? undefined));
  return `${name}: ${acceptedToday} accepted and ${refusedToday} refused today; last ${mail}, refused ${refusal}`;
}

function describe({ pid, state, restarts, counts }: ProcessStatus): string {
  const words = counts === undefined ? ['does not answer'] : Object.entries(counts).map(countWords);
  const again = restarts === 0 ? [] : [`started again ${restarts === 1 ? 'once' : `${restarts} times`}`];
  return [`pid ${pid}`, state, ...again, ...words].join(', ');
}

/** What processes count, by the name that programs read. */
const COUNTS: Readonly<Record<string, (count: number) => string>> = {
  sessions: (count) => counted(count, 'session'),
  accepted: (count) => `${counted(count, 'message')} accepted`,
  running: (count) => `${count} running`,
  fetched: (count) => `${counted(count, 'message')} fetched`,
  inFlight: (count) => `${counted(count, 'connection')} in use`,
};

function countWords([name, count]: readonly [string, number]): string {
  return COUNTS[name]?.(count) ?? `${count} ${name}`;
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
