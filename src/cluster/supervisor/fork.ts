/**
 * Begins a process, which may fail for a while: no more processes (EAGAIN), descriptors (EMFILE, ENFILE) or memory (ENOMEM)
 * are left. Node throws some of these and tells others by 'error', and 'exit' never follows. Here each is an end like
 * any other, so that whoever starts again what died starts this one again too.
 */
import type { EventEmitter } from 'node:events';

/** Of every process: nothing to read, and what it says goes to the supervisor, which alone knows the world's descriptors. The last is the pipe by which it notices the supervisor's end (orphan-watch.ts). */
export const CHILD_STDIO = ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'] as const;

/** A ChildProcess, as far as its end goes. */
interface Begun extends EventEmitter {
  /** Undefined when there never was a process. */
  readonly pid?: number | undefined;
}

/** How a process ended: its status, the signal that ended it, or why there was none. */
export type End = number | string;

/** `processOf` is the process of what `fork` makes; undefined when it throws. Calls `ended` once, and after it has returned. */
export function begin<T>(fork: () => T, processOf: (made: T) => Begun, ended: (how: End) => void): T | undefined {
  try {
    const made = fork();
    watch(processOf(made), ended);
    return made;
  } catch (error) {
    queueMicrotask(() => ended(notBegun(error as NodeJS.ErrnoException)));
    return undefined;
  }
}

function watch(begun: Begun, ended: (how: End) => void): void {
  begun.once('exit', (code: number, signal: string | null) => ended(signal ?? code));
  // With a process it is about a message to one that has just ended, and 'exit' tells the rest.
  begun.on('error', (error) => begun.pid === undefined && ended(notBegun(error as NodeJS.ErrnoException)));
}

function notBegun({ code, message }: NodeJS.ErrnoException): string {
  return `not begun: ${code ?? message}`;
}
