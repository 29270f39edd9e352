/**
 * Forks the processes of each role: the one place that starts a process, and only ever this program's own.
 * It may fail for a while: no more processes (EAGAIN), descriptors (EMFILE, ENFILE) or memory (ENOMEM) are left. Node throws
 * some of these and tells others by 'error', and 'exit' never follows. Here each is an end like any other, so that whoever
 * starts again what died starts this one again too.
 */
import cluster from 'node:cluster';
import { fork, type ChildProcess } from 'node:child_process';
import { holdPipe } from '../control/orphan-watch.js';
import type { Role } from '../control/role.js';
import type { Privileges } from './privileges.js';

export interface ForksOptions {
  /** The file that a process begins with. */
  readonly file: string;
  readonly privileges: Privileges;
  /** Inherited sockets, for those that listen. */
  readonly descriptors: readonly number[];
  /** Passes on what a process says. */
  readonly relay: (child: ChildProcess) => void;
}

export type Forked = ChildProcess;

/** How a process ended: its status, the signal that ended it, or why there was none. */
export type End = number | string;

/** Nothing to read, and what it says goes to the supervisor, which alone knows the world's descriptors. The last is the pipe by which it notices the supervisor's end (orphan-watch.ts). */
const STDIO = ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'] as const;

export class Forks {
  readonly privileges: Privileges;
  readonly #options: ForksOptions;

  constructor(options: ForksOptions) {
    this.#options = options;
    this.privileges = options.privileges;
    cluster.schedulingPolicy = cluster.SCHED_NONE;
  }

  /** Undefined when none can be made. Calls `ended` once, and after it has returned. */
  begin(role: Role, ended: (how: End) => void): Forked | undefined {
    try {
      const child = this.privileges.during(() => (role.forkedBy === 'cluster' ? this.#share(role) : this.#fork(role)));
      this.#options.relay(child);
      holdPipe(child);
      watch(child, ended);
      return child;
    } catch (error) {
      queueMicrotask(() => ended(notBegun(error as NodeJS.ErrnoException)));
      return undefined;
    }
  }

  #fork(role: Role): ChildProcess {
    return fork(this.#options.file, this.#arguments(role), { stdio: [...STDIO] });
  }

  /** The cluster's settings are those of its next fork: each role has its own. */
  #share(role: Role): ChildProcess {
    const { file: exec, descriptors } = this.#options;
    cluster.setupPrimary({ exec, args: this.#arguments(role), stdio: [...STDIO, ...descriptors] });
    const worker = cluster.fork(role.environment);
    worker.on('error', () => undefined); // The cluster repeats those of its process, which are seen to here.
    worker.process.on('error', () => {
      // The cluster keeps one that was never begun for as long as it lives, since its end is never told.
      if (worker.process.pid === undefined) delete cluster.workers?.[worker.id];
    });
    return worker.process;
  }

  #arguments(role: Role): string[] {
    return [role.name, ...this.privileges.childArguments];
  }
}

function watch(child: ChildProcess, ended: (how: End) => void): void {
  child.once('exit', (code, signal) => ended(signal ?? (code as number)));
  // With a process it is about a message to one that has just ended, and 'exit' tells the rest.
  child.on('error', (error) => child.pid === undefined && ended(notBegun(error)));
}

function notBegun({ code, message }: NodeJS.ErrnoException): string {
  return `not begun: ${code ?? message}`;
}
