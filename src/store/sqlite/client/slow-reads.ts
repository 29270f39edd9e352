/**
 * Reads that would keep a worker waiting for its disk, made by a thread of the worker (slow-reads-thread.ts). It is started with the
 * first of them. When it ends, what it was asked fails with 'unavailable', and the next read starts another. Where none can be
 * started, the worker reads by itself.
 */
import { OpenRequests } from '../../../runtime/open-requests.js';
import { StoreError, type StoreErrorKind } from '../../errors.js';
import { Thread, ThreadNotStarted } from '../database/thread.js';
import type { Read } from './read.js';

export interface SlowReadData {
  readonly db: string;
  readonly firstDomain: string | undefined;
  readonly detailSeparators: string | undefined;
}

export type SlowRead = Read & { readonly request: number };

export interface SlowReadTold {
  readonly request: number;
  readonly value?: unknown;
  readonly failed?: { readonly kind: StoreErrorKind; readonly message: string; readonly isDamage: boolean };
  /** What it took in the thread, without the wait for a processor and for reads that were asked before. */
  readonly waitedMs: number;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: StoreError | ThreadNotStarted): void;
}

/** Octets are outside of it. */
const THREAD_MEMORY_MIB = 32;
const THREAD_YOUNG_MIB = 4;
const REQUEST_LIMIT = 0xffffffff;

export class SlowReads {
  readonly #thread: Thread<SlowRead, SlowReadTold>;
  readonly #waiting = new OpenRequests<Waiting>();
  readonly #waited: (ms: number) => void;
  readonly #here: (read: Read) => unknown;
  #lastRequest = 0;

  /** `waited` is told how long each read kept the thread; `here` reads where there is none. */
  constructor(data: SlowReadData, waited: (ms: number) => void, here: (read: Read) => unknown) {
    this.#waited = waited;
    this.#here = here;
    this.#thread = new Thread(
      {
        module: new URL('./slow-reads-thread.js', import.meta.url),
        data,
        memoryMib: THREAD_MEMORY_MIB,
        youngMib: THREAD_YOUNG_MIB,
      },
      { told: (told) => this.#told(told), ended: (error) => this.#ended(error) },
    );
  }

  /** What the Reader's method of this kind returns. @throws StoreError */
  async read<T>(read: Read): Promise<T> {
    try {
      return await this.#ask<T>(read);
    } catch (error) {
      if (error instanceof ThreadNotStarted) return this.#here(read) as T;
      throw error;
    }
  }

  #ask<T>(read: Read): Promise<T> {
    this.#lastRequest = this.#lastRequest === REQUEST_LIMIT ? 1 : this.#lastRequest + 1;
    const request = this.#lastRequest;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(request, { resolve: (value) => resolve(value as T), reject });
      this.#thread.hand({ ...read, request });
    });
  }

  /** Whatever it is at. The next read begins with another thread, and so with the file that is there then. */
  end(): void {
    void this.#thread.end();
  }

  #told({ request, value, failed, waitedMs }: SlowReadTold): void {
    this.#waited(waitedMs);
    const waiting = this.#waiting.take(request);
    if (failed === undefined) waiting?.resolve(value);
    else waiting?.reject(new StoreError(failed.kind, failed.message, { isDamage: failed.isDamage }));
  }

  #ended(error: Error | undefined): void {
    for (const waiting of this.#waiting.takeAll())
      waiting.reject(
        error instanceof ThreadNotStarted
          ? error
          : new StoreError('unavailable', 'the thread that reads messages ended', { cause: error }),
      );
  }
}
