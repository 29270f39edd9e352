/**
 * A whole server as `pennypost status` shows it: what its supervisors say of themselves and their processes, of which there may be
 * several on one database, and what its store says of the database.
 */
import { locationOf } from '../../store/locations.js';
import type { FileState, StoreStatus } from '../../store/status.js';
import { NO_STORE, type ControlAnswer, type ProcessStatus, type SupervisorStatus } from './control-messages.js';

/** What the store alone knows is null when it does not answer. */
export interface ServerStatus {
  /** The first that was started. */
  readonly supervisor: { readonly pid: number } | null;
  readonly store: { readonly pid: number; readonly startedAtMs: number } | null;
  /** Those that answer. */
  readonly workers: readonly { readonly pid: number; readonly sessions: number }[];
  readonly listeners: SupervisorStatus['listeners'];
  /** How often a process died and was started again since the supervisor started: more than a few ask for a look at the log. */
  readonly restarts: { readonly store: number; readonly workers: number };
  /** The last reload, if it failed; the configuration before it is in force. */
  readonly failedReload: SupervisorStatus['failedReload'];
  readonly messagesAccepted: number | null;
  readonly commits: number | null;
  readonly maildropsHeld: number | null;
  readonly walBytes: number | null;
  /** Null also while the database cannot be read. */
  readonly queue: StoreStatus['queue'];
  /** Messages that are not in the search index. */
  readonly unindexed: number | null;
  /** What became of each device's mail. */
  readonly devices: StoreStatus['devices'] | null;
  readonly db: string;
  readonly file: FileState | null;
  readonly healthy: boolean;
  readonly problems: readonly string[];
  readonly processes: readonly ProcessStatus[];
}

/** `store` is undefined when it does not answer. */
export function serverStatus(
  db: string,
  answers: readonly ControlAnswer<SupervisorStatus>[],
  store: StoreStatus | undefined,
): ServerStatus {
  const errors = answers.flatMap((answer) => ('error' in answer ? [answer.error] : []));
  const answered = answers.flatMap((answer) => ('result' in answer ? [answer.result] : []));
  const supervisors = answered.toSorted((one, other) => one.startedAtMs - other.startedAtMs);
  const [first] = supervisors;
  const processes = supervisors.flatMap((each) => each.processes.map(shown));
  const restartsOf = (role: string): number => sum(supervisors.map(({ restarts }) => restarts[role] ?? 0));
  const told = [...errors, ...supervisors.flatMap((supervisor) => supervisor.problems)];
  const problems = problemsOf(told, store);
  return {
    supervisor: first === undefined ? null : { pid: first.pid },
    workers: processes.flatMap(({ role, pid, counts }) =>
      role === 'worker' && counts?.['sessions'] !== undefined ? [{ pid, sessions: counts['sessions'] }] : [],
    ),
    listeners: supervisors.flatMap(({ listeners }) => listeners),
    restarts: { store: restartsOf('store'), workers: restartsOf('worker') },
    failedReload: supervisors.find(({ failedReload }) => failedReload !== null)?.failedReload ?? null,
    db: locationOf(db).name,
    ...(store === undefined ? UNKNOWN : ofStore(store)),
    ...{ healthy: problems.length === 0, problems, processes },
  };
}

/** What it has measured is for /metrics. */
function shown({ role, pid, state, restarts, counts, problems }: ProcessStatus): ProcessStatus {
  return { role, pid, state, restarts, ...(counts && { counts }), ...(problems && { problems }) };
}

const UNKNOWN = {
  ...{ store: null, messagesAccepted: null, commits: null, maildropsHeld: null, walBytes: null },
  ...{ queue: null, unindexed: null, devices: null, file: null },
} as const;

function ofStore(status: StoreStatus) {
  const { pid, startedAtMs, messagesAccepted, commits, maildropsHeld, walBytes, db, file } = status;
  const { queue, unindexed, devices } = status;
  return {
    ...{ store: { pid, startedAtMs }, messagesAccepted, commits, maildropsHeld, walBytes },
    ...{ queue, unindexed, devices, db, file },
  };
}

/** Each once, though several may tell of it. */
function problemsOf(told: readonly string[], store: StoreStatus | undefined): readonly string[] {
  if (store === undefined) return [...new Set([...told, NO_STORE])];
  const { refusal, file } = store;
  const own = [
    ...(refusal === null ? [] : [`nothing can be written: ${refusal}`]),
    ...(file === 'there' ? [] : [`the database's file is ${file}: nothing is accepted`]),
  ];
  return [...new Set([...told, ...own])];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
