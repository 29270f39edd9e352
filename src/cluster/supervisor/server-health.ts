/**
 * What a supervisor says of its server: each process with what it counts, and what is not as it should be, in sentences. A process
 * that does not answer in time is shown without its counts, and is a problem.
 */
import type { Configuration } from '../../config/configuration.js';
import { NO_STORE, type ProcessStatus, type ServerState, type SupervisorStatus } from '../control/control-messages.js';
import type { ProcessSamples } from '../control/process-samples.js';
import type { Pools } from './pools.js';
import type { Reloads } from './reloads.js';
import type { StoreSupervision } from './store-supervision.js';

/** Where it comes from. */
export interface RequestSources {
  readonly store: StoreSupervision;
  readonly pools: Pools;
  readonly reloads: Reloads;
  readonly state: () => ServerState;
  /** That is in force. */
  readonly configuration: () => Configuration;
  /** Of the supervisor itself. */
  readonly own: ProcessSamples;
  /** Whether a store answers, whoever's it is. */
  readonly hasStore: () => boolean;
}

const startedAtMs = Math.round(performance.timeOrigin);

export async function statusOf({
  store,
  pools,
  reloads,
  own,
  state,
  hasStore,
}: RequestSources): Promise<SupervisorStatus> {
  const processes = (await Promise.all([store.processes(), pools.processes()])).flat();
  const problems = [
    ...(state() === 'ready' ? [] : [`the server is ${state()}`]),
    ...(hasStore() ? [] : [NO_STORE]),
    ...missing(pools.wanted, processes),
    ...processes.filter(isSilent).map(({ role, pid }) => `${role} ${pid} does not answer`),
    ...processes.flatMap(({ problems: theirs = [] }) => theirs),
  ];
  return {
    ...{ pid: process.pid, startedAtMs, state: state(), listeners: pools.listeners },
    restarts: { store: store.restarts, ...pools.restarts },
    failedReload: reloads.failed,
    ...{ processes, problems, samples: own.samples },
  };
}

/** Of each role that has fewer than it should. */
function missing(wanted: Readonly<Record<string, number>>, processes: readonly ProcessStatus[]): readonly string[] {
  return Object.entries(wanted).flatMap(([role, count]) => {
    const ready = processes.filter((each) => each.role === role && each.state === 'ready').length;
    return ready < count ? [`${ready} of ${count} ${role} processes are ready`] : [];
  });
}

function isSilent({ state, counts }: ProcessStatus): boolean {
  return state === 'ready' && counts === undefined;
}
