/**
 * A kind of process under the supervisor, as one row of a table (src/cluster/roles.ts). The supervisor forks, watches,
 * restarts, rolls and ends what the row says, and the process itself finds its row by the first word of its command line.
 */
import type { Configuration } from '../../config/configuration.js';

export interface Role {
  /** On the command line of its processes, in the log, and in `pennypost status`. */
  readonly name: string;
  /** In a sentence: 'the store', 'a worker'. */
  readonly title: string;
  /** Loads the module of such a process, once it is who it is to be; what it answers with makes the process one. */
  readonly load: () => Promise<() => void>;
  /** How many there are at a time; of a role on demand, while there is. */
  readonly count: (configuration: Configuration) => number;
  /** There is none before the store's process says that there is work for it, nor when it says that there is none. */
  readonly onDemand?: true;
  /**
   * By the cluster, when they share the listening sockets: such a process is given those that were inherited, and the supervisor
   * is root in effect while it opens others.
   */
  readonly forkedBy: 'child_process' | 'cluster';
  /** On top of the supervisor's own variables. By the cluster only. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Between the supervisor's end and the process's, by force: what it may yet have to finish. */
  readonly orphanGraceMs: number;
  /** From when on it must answer, and how many times --watchdog-timeout it may answer nothing. */
  readonly watched: { readonly from: 'fork' | 'ready'; readonly patience: number };
  /** One that is not ready by then, for whatever reason, is ended. */
  readonly readyLimitMs?: number;
  /** The server's exit status when one says at the start that it cannot be ready. */
  readonly failedStatus: number;
  /** Whether a process that is to end may finish what it has begun, for as long as the configuration says. */
  readonly drains: boolean;
  /** How long those that a reload replaces may take, instead of --reload-timeout. */
  readonly reloadPatienceMs?: number;
  /** On top of that time, for the end itself; then it is ended by force. */
  readonly endLimitMs: number;
  /** Whether a reload replaces its processes. */
  readonly rolled: boolean;
  /** Whether it has the database open: all that have end before a store begins whose disk failed under a checkpoint. */
  readonly opensDatabase: boolean;
}

/** By name. The store and the workers are what a server is made of, and the web process has a pool of its own too; whatever else there is starts after them and ends before the store. */
export interface Roles {
  readonly store: Role;
  readonly worker: Role;
  readonly web: Role;
  readonly [name: string]: Role;
}
