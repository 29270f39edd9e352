/**
 * scrypt (RFC 7914) and PBKDF2 (RFC 8018), off the event loop: in libuv's pool, or in threads of their own that give way to it.
 * One takes the processor for 20 to 100 ms, and guesses come in hundreds: among equals, sessions would wait for a processor as
 * long as the guesses do.
 */
import { pbkdf2, scrypt, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { SMALL_THREAD } from '../runtime/small-thread.js';

export interface Derivation {
  readonly password: string;
  readonly salt: Uint8Array;
  readonly keyBytes: number;
  readonly by: ({ readonly name: 'scrypt' } & ScryptOptions) | Pbkdf2;
}

interface Pbkdf2 {
  readonly name: 'PBKDF2';
  readonly iterations: number;
  readonly digest: string;
}

/** The key, of so many bytes. */
export type Derive = (derivation: Derivation) => Promise<Uint8Array>;

const scryptInPool = promisify<string, Uint8Array, number, ScryptOptions, Buffer>(scrypt);
const pbkdf2InPool = promisify(pbkdf2);

export function deriveInPool({ password, salt, keyBytes, by }: Derivation): Promise<Uint8Array> {
  if (by.name === 'scrypt') return scryptInPool(password, salt, keyBytes, by);
  return pbkdf2InPool(password, salt, by.iterations, keyBytes, by.digest);
}

/** What a thread is told; it answers with the key, or undefined where OpenSSL refuses. */
export interface DerivationTask extends Derivation {
  readonly number: number;
}

export interface DerivationAnswer {
  readonly number: number;
  readonly key: Uint8Array | undefined;
}

/** Threads of a low priority, each started when all before it are busy. */
export class DerivationThreads {
  readonly #most: number;
  readonly #threads: DerivationThread[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** In the pool where the system gives no thread, or takes it away. */
  readonly derive: Derive = async (derivation) =>
    (await this.#thread()?.derive(derivation)) ?? deriveInPool(derivation);

  #thread(): DerivationThread | undefined {
    const free = this.#threads.find(({ waiting }) => waiting === 0);
    if (free !== undefined) return free;
    if (this.#threads.length < this.#most) return this.#start();
    return this.#threads.toSorted((one, other) => one.waiting - other.waiting)[0];
  }

  #start(): DerivationThread | undefined {
    try {
      const thread = new DerivationThread(() => this.#threads.splice(this.#threads.indexOf(thread), 1));
      this.#threads.push(thread);
      return thread;
    } catch {
      return undefined; // No more threads (EAGAIN).
    }
  }
}

class DerivationThread {
  readonly #worker = new Worker(new URL('./derivation-thread.js', import.meta.url), { resourceLimits: SMALL_THREAD });
  readonly #waiting = new Map<number, (key: Uint8Array | undefined) => void>();
  #last = 0;

  constructor(ended: () => void) {
    this.#worker
      .on('message', ({ number, key }: DerivationAnswer) => this.#settle(number, key))
      .on('error', () => undefined) // 'exit' follows.
      .on('exit', () => {
        ended();
        for (const number of this.#waiting.keys()) this.#settle(number, undefined);
      });
    this.#worker.unref();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  derive(derivation: Derivation): Promise<Uint8Array | undefined> {
    const number = ++this.#last;
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      this.#worker.ref();
      this.#worker.postMessage({ ...derivation, number } satisfies DerivationTask);
    });
  }

  #settle(number: number, key: Uint8Array | undefined): void {
    const resolve = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (this.#waiting.size === 0) this.#worker.unref();
    resolve?.(key);
  }
}
