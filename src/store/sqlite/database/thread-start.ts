/** How each thread of the store begins: with the SQLite driver, loaded where nothing can interrupt it, and with what it was given. */
import { workerData } from 'node:worker_threads';
import { loadDriver } from './driver.js';
import { loadWithin, type LoadingState } from './loading.js';

/** What a thread is given. */
export interface ThreadStart {
  readonly data: unknown;
  readonly loading: LoadingState;
}

export function threadData(): unknown {
  const { data, loading } = workerData as ThreadStart;
  loadWithin(loading, loadDriver);
  return data;
}
