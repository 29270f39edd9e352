/**
 * Somebody else on the same worker, in a thread of its own, so that the attackers' own work does not stand in its figures:
 * NOOP now and then, and a message after some of them. What it waited is told when it is stopped.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { demand, sendData, smtpSession } from '../support/mail-clients.js';
import { POSTMASTER } from '../support/server.js';

/** Milliseconds. */
export interface Waits {
  readonly noop: readonly number[];
  readonly delivery: readonly number[];
  /** Why it gave up before it was stopped. */
  readonly failure?: string;
}

const PAUSE_MS = 5;
const NOOPS_A_MESSAGE = 20;
const MESSAGE = Buffer.from(`Subject: neighbour\r\n\r\n${'text of a neighbour\r\n'.repeat(100)}`);

export class Neighbour {
  readonly #thread: Worker;
  readonly #waits: Promise<Waits>;

  private constructor(thread: Worker) {
    this.#thread = thread;
    this.#waits = new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject));
  }

  /** One whose session has begun. */
  static async begin(smtpPort: number): Promise<Neighbour> {
    const thread = new Worker(new URL(import.meta.url), { workerData: { smtpPort } });
    await new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject));
    return new Neighbour(thread);
  }

  stop(): Promise<Waits> {
    this.#thread.postMessage('stop');
    return this.#waits;
  }
}

async function live(smtpPort: number, stopped: () => boolean): Promise<Waits> {
  const waits: Record<'noop' | 'delivery', number[]> = { noop: [], delivery: [] };
  try {
    const client = await smtpSession(smtpPort);
    parentPort?.postMessage('begun');
    while (!stopped()) {
      for (let time = 0; time < NOOPS_A_MESSAGE && !stopped(); time++) {
        await pause(PAUSE_MS);
        waits.noop.push(await timed(() => demand(client, 'NOOP', 250)));
      }
      waits.delivery.push(await timed(() => sendData(client, POSTMASTER, MESSAGE)));
    }
    client.destroy();
    return waits;
  } catch (error) {
    return { ...waits, failure: (error as Error).message };
  }
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return performance.now() - startedMs;
}

if (parentPort !== null) {
  let stopped = false;
  parentPort.once('message', () => (stopped = true));
  const { smtpPort } = workerData as { readonly smtpPort: number };
  parentPort.postMessage(await live(smtpPort, () => stopped));
}
