/**
 * The moment in which a thread loads the SQLite driver. better-sqlite3 13 aborts the process when its thread is ended meanwhile,
 * and with its process a thread is ended too, however that ends: by process.exit, an uncaught error, or because nothing is left
 * to do. So a process that ends waits for a thread that loads, and one that has not begun yet does not begin any more.
 */

/** Shared by a thread and the process. */
export type LoadingState = Int32Array;

const NOT_BEGUN = 0;
const LOADS = 1;
const LOADED = 2;
const FORBIDDEN = 3;

/** Loading takes a moment; one that takes so long has other trouble. */
export const LOAD_LIMIT_MS = 5_000;

export function notBegun(): LoadingState {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** In the thread. When the process is ending it does not return. @throws what `load` throws */
export function loadWithin(state: LoadingState, load: () => void): void {
  if (Atomics.compareExchange(state, 0, NOT_BEGUN, LOADS) === FORBIDDEN) Atomics.wait(state, 0, FORBIDDEN);
  try {
    load();
  } finally {
    Atomics.store(state, 0, LOADED);
    Atomics.notify(state, 0);
  }
}

/** In the process, which ends: nothing else happens in it meanwhile. */
export function awaitLoading(state: LoadingState): void {
  if (Atomics.compareExchange(state, 0, NOT_BEGUN, FORBIDDEN) === LOADS) Atomics.wait(state, 0, LOADS, LOAD_LIMIT_MS);
}
