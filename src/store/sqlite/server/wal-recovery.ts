/**
 * The recovery of a WAL (recovery.ts) as the store's process sees it: one attempt in a thread of its own, and words for the
 * log meanwhile, since a WAL of gigabytes takes minutes.
 */
import { StoreError } from '../../errors.js';
import { recover, walBytes, type Recovered } from './recovery.js';
import { isFull } from '../database/sqlite-error.js';
import { Thread } from '../database/thread.js';

export interface RecoveryData {
  readonly db: string;
}

export interface RecoveryTask {
  readonly db: string;
  readonly noted: (what: string, details: object) => void;
  /** Somebody is served meanwhile. */
  readonly inService: boolean;
}

export type RecoveryResult = { readonly recovered: Recovered } | RecoveryTrouble;

export interface RecoveryTrouble {
  readonly trouble: string;
  readonly full: boolean;
  /** No later attempt will succeed. */
  readonly final: boolean;
}

/** Numbers, and one for each page of the database. */
const THREAD_MEMORY_MIB = 128;
const PROGRESS_MS = 5_000;
/** As much as a WAL has under ordinary load. */
const SMALL_BYTES = 64 * 1024 * 1024;
const FINAL = /^(SQLITE_(NOTADB|CANTOPEN|READONLY|PERM)|EACCES|EPERM|EROFS)/;

/** Resolves when nothing is left in the WAL that was taken on trust, or with why that is not yet so. @throws StoreError */
export async function recoverWal({ db, noted, inService }: RecoveryTask): Promise<StoreError | undefined> {
  const startedAtMs = performance.now();
  const details = { walBytes: walBytes(db) };
  const tookMs = (): number => Math.round(performance.now() - startedAtMs);
  const progress = setInterval(
    () => noted('the WAL is being recovered; until then nothing is acknowledged', { ...details, tookMs: tookMs() }),
    PROGRESS_MS,
  );
  const result = await attempt(db, inService).finally(() => clearInterval(progress));
  if ('trouble' in result) return refusalFor(db, result);
  noted('the WAL of an earlier store was recovered', { ...details, ...result, tookMs: tookMs() });
  return undefined;
}

function refusalFor(db: string, { trouble, full, final }: RecoveryTrouble): StoreError {
  if (final) throw new StoreError('unavailable', `Cannot recover the database ${db}: ${trouble}`);
  return new StoreError(full ? 'full' : 'unavailable', `the WAL cannot be recovered: ${trouble}`);
}

/** A thread costs more than a small WAL. Where the system gives none, whoever reads has to wait. */
async function attempt(db: string, inService: boolean): Promise<RecoveryResult> {
  return (inService || walBytes(db) > SMALL_BYTES ? await inThread(db) : undefined) ?? attemptHere(db);
}

export function attemptHere(db: string): RecoveryResult {
  try {
    return { recovered: recover(db) };
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return { trouble: message, full: isFull(error) || code === 'ENOSPC', final: FINAL.test(code) };
  }
}

/** Undefined when the thread could not be started, or ended before its time. */
function inThread(db: string): Promise<RecoveryResult | undefined> {
  return new Promise((resolve) => {
    const data: RecoveryData = { db };
    const thread = new Thread<'recover', RecoveryResult>(
      { module: new URL('./recovery-thread.js', import.meta.url), data, memoryMib: THREAD_MEMORY_MIB },
      {
        told: (result) => {
          resolve(result);
          void thread.end();
        },
        ended: () => resolve(undefined),
      },
    );
    thread.hand('recover');
  });
}
