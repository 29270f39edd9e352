/**
 * Ends this process when the supervisor is gone, whatever its own event loop does: a thread waits for the end of a pipe that
 * the supervisor holds and never writes to. A process that can end by itself is given the time for it.
 * Where the system gives no thread, the process goes on without one and tries again.
 */
import type { EventEmitter } from 'node:events';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { SMALL_THREAD } from '../../runtime/small-thread.js';

/** In the processes that the supervisor starts: behind standard input, output, error, and the channel. */
export const PIPE_DESCRIPTOR = 4;

export interface OrphanWatchData {
  readonly descriptor: number;
  /** Between the end of the supervisor and the end by force. */
  readonly graceMs: number;
}

const RETRY_MS = 5_000;

/** In the supervisor: keeps its end of the pipe of a process that it has started. */
export function holdPipe({ stdio }: { readonly stdio?: readonly unknown[] }): void {
  const pipe = stdio?.[PIPE_DESCRIPTOR] as EventEmitter | null | undefined;
  pipe?.on('error', () => undefined); // It breaks when that process ends.
}

/** In that process, once. */
export function endWithSupervisor(graceMs: number): void {
  const again = (): void => void setTimeout(() => endWithSupervisor(graceMs), RETRY_MS).unref();
  try {
    const thread = new Worker(new URL('./orphan-watch-thread.js', import.meta.url), {
      workerData: { descriptor: PIPE_DESCRIPTOR, graceMs } satisfies OrphanWatchData,
      resourceLimits: SMALL_THREAD,
      env: SHARE_ENV,
    });
    thread.once('error', again);
    // From now on the descriptor is the thread's: closed with it, and another file's after that.
    thread.once('online', () => thread.off('error', again).on('error', () => undefined));
    thread.unref();
  } catch {
    again(); // No more threads (EAGAIN).
  }
}
