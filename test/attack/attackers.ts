/**
 * The attackers, in a thread of their own. On Linux it has the lowest priority: elsewhere they would have processors of their
 * own, so here they are to take none that the server or its neighbour wants.
 */
import { setMaxListeners } from 'node:events';
import { constants, setPriority } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { Attack, Victim } from './attack.js';
import { attacks } from './attacks.js';

/** Between the sessions of one attacker: a server that refuses is not asked without end. */
const AGAIN_MS = 10;

interface AttackersData {
  readonly name: string;
  readonly victim: Victim;
}

export class Attackers {
  readonly #thread: Worker;
  readonly #ended: Promise<void>;

  constructor({ name }: Attack, { smtpPort, pop3Port, submissionPort, devicePort }: Victim) {
    const data: AttackersData = { name, victim: { smtpPort, pop3Port, submissionPort, devicePort } };
    this.#thread = new Worker(new URL(import.meta.url), { workerData: data });
    this.#ended = new Promise((resolve, reject) => this.#thread.once('exit', () => resolve()).once('error', reject));
  }

  stop(): Promise<void> {
    this.#thread.postMessage('stop');
    return this.#ended;
  }
}

async function begin({ name, victim }: AttackersData, signal: AbortSignal): Promise<void> {
  // Of this thread alone; systems that are not Linux know only that of a process.
  if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW);
  const attack = attacks.find((one) => one.name === name) as Attack;
  setMaxListeners(attack.sessions, signal); // Each session puts one thing under the signal.
  await Promise.all(Array.from({ length: attack.sessions }, (_, number) => persist(attack, victim, number, signal)));
}

async function persist(attack: Attack, victim: Victim, number: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await attack.attack(victim, number, signal).catch(() => undefined);
    await pause(attack.awayMs ?? AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

if (parentPort !== null) {
  const stop = new AbortController();
  parentPort.once('message', () => stop.abort());
  await begin(workerData as AttackersData, stop.signal);
}
