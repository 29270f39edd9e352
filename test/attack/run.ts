/** One attack on a server of one worker, and what it did to a neighbour, to the WAL and to the worker's memory. */
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { percentile } from '../../bench/measure/statistics.js';
import { Server } from '../support/server.js';
import type { Attack } from './attack.js';
import { Attackers } from './attackers.js';
import { Neighbour, type Waits } from './neighbour.js';
import { Relay } from './relay.js';

export interface Figures {
  readonly noops: number;
  readonly noopP50Ms: number;
  readonly noopP99Ms: number;
  readonly noopMaxMs: number;
  readonly deliveries: number;
  readonly deliveryMaxMs: number;
  readonly walMiB: number;
  readonly workerMiB: number;
  readonly failure?: string;
}

const SERVICES = { workers: 1, everyService: true, devices: true } as const;
const SAMPLE_MS = 50;
/** Before anything is measured. */
const SETTLE_MS = 300;
const KIB_PER_MIB = 1024;

export async function run(attack: Attack, seconds: number): Promise<Figures> {
  const directory = await mkdtemp(join(tmpdir(), 'pennypost-attack-'));
  const environment = (await attack.environment?.(directory)) ?? {};
  const relay = attack.outbound === true ? await Relay.begin() : undefined;
  const flags = [...(attack.flags ?? []), ...(relay?.flags ?? [])];
  const server = await Server.start({ ...SERVICES, directory, environment, arguments: flags });
  try {
    await attack.prepare?.(server);
    await pause(SETTLE_MS);
    return await measure(attack, server, seconds);
  } finally {
    await server.release();
    await relay?.stop();
  }
}

async function measure(attack: Attack, server: Server, seconds: number): Promise<Figures> {
  const { workers } = await server.status();
  const footprint = new Footprint(server, workers[0]?.pid ?? 0);
  const neighbour = await Neighbour.begin(server.smtpPort);
  const attackers = new Attackers(attack, server);
  await pause(seconds * 1000);
  const waits = await neighbour.stop();
  await attackers.stop();
  return { ...figuresOf(waits), ...footprint.stop() };
}

function figuresOf({ noop, delivery, failure }: Waits): Omit<Figures, 'walMiB' | 'workerMiB'> {
  return {
    noops: noop.length,
    noopP50Ms: percentile(noop, 0.5) ?? Infinity,
    noopP99Ms: percentile(noop, 0.99) ?? Infinity,
    noopMaxMs: most(noop),
    deliveries: delivery.length,
    deliveryMaxMs: most(delivery),
    ...(failure !== undefined && { failure }),
  };
}

/** Who was never answered waited for ever. */
function most(waits: readonly number[]): number {
  return waits.length === 0 ? Infinity : Math.max(...waits);
}

/** The most that the WAL and the worker took, looked at now and then. */
class Footprint {
  readonly #server: Server;
  readonly #pid: number;
  readonly #timer = setInterval(() => this.#look(), SAMPLE_MS);
  #walMiB = 0;
  #workerMiB = 0;

  constructor(server: Server, pid: number) {
    this.#server = server;
    this.#pid = pid;
  }

  stop(): Pick<Figures, 'walMiB' | 'workerMiB'> {
    clearInterval(this.#timer);
    this.#look();
    return { walMiB: this.#walMiB, workerMiB: this.#workerMiB };
  }

  #look(): void {
    const wal = statSync(`${this.#server.db}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    this.#walMiB = Math.max(this.#walMiB, wal / KIB_PER_MIB / KIB_PER_MIB);
    this.#workerMiB = Math.max(this.#workerMiB, residentMiB(this.#pid));
  }
}

function residentMiB(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / KIB_PER_MIB;
  } catch {
    return 0; // It has ended.
  }
}
