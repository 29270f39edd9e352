/**
 * What the processes of a server take while it works, looked at now and then: resident memory and open descriptors. Level is what is
 * no more in the last third than in the middle one, but for what a collector may leave lying about for a while.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Server } from '../support/server.js';

export interface Footprint {
  readonly name: string;
  readonly pid: number;
  /** Medians. */
  readonly middleMiB: number;
  readonly lastMiB: number;
  readonly peakMiB: number;
  /** Before the first session, and after the last. */
  readonly descriptorsBefore: number;
  readonly descriptors: number;
}

const SAMPLE_MS = 500;
/** Of the middle third, and this besides. */
const LEVEL_SHARE = 1.15;
const LEVEL_MIB = 16;

/** Connections of commands, threads, and files that are opened when they are first needed. */
const LEVEL_DESCRIPTORS = 16;

/** What has grown, in words; undefined for one that is level. */
export function growth({ name, middleMiB, lastMiB, descriptorsBefore, descriptors }: Footprint): string | undefined {
  if (lastMiB > middleMiB * LEVEL_SHARE + LEVEL_MIB) return `The ${name} grew from ${middleMiB} to ${lastMiB} MiB`;
  if (descriptors <= descriptorsBefore + LEVEL_DESCRIPTORS) return undefined;
  return `The ${name} had ${descriptorsBefore} descriptors, and has ${descriptors}`;
}

interface Samples {
  readonly pid: number;
  readonly mib: number[];
  /** When it began. */
  readonly descriptors: number;
}

export class FootprintWatch {
  readonly #samples = new Map<string, Samples>();
  readonly #timer: NodeJS.Timeout;

  /** @throws Error when a process of the server is not there. */
  static async begin(server: Server): Promise<FootprintWatch> {
    const { supervisor, store, workers } = await server.status();
    return new FootprintWatch([
      ['supervisor', supervisor?.pid ?? 0],
      ['store', store?.pid ?? 0],
      ...workers.map(({ pid }, at) => [`worker ${at + 1}`, pid] as const),
    ]);
  }

  private constructor(processes: readonly (readonly [name: string, pid: number])[]) {
    for (const [name, pid] of processes)
      this.#samples.set(name, { pid, mib: [residentMiB(pid)], descriptors: descriptorsOf(pid) });
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS);
  }

  /** As they were from its beginning, and still are. */
  get pids(): readonly number[] {
    return [...this.#samples.values()].map(({ pid }) => pid);
  }

  stop(): readonly Footprint[] {
    clearInterval(this.#timer);
    this.#look();
    return [...this.#samples].map(([name, { pid, mib, descriptors }]) => {
      const third = Math.floor(mib.length / 3);
      const [middleMiB, lastMiB] = [median(mib.slice(third, 2 * third + 1)), median(mib.slice(2 * third))];
      const peakMiB = Math.round(Math.max(...mib));
      return {
        name,
        pid,
        middleMiB,
        lastMiB,
        peakMiB,
        descriptorsBefore: descriptors,
        descriptors: descriptorsOf(pid),
      };
    });
  }

  #look(): void {
    for (const { pid, mib } of this.#samples.values()) mib.push(residentMiB(pid));
  }
}

function median(values: readonly number[]): number {
  return Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0);
}

const KIB_PER_MIB = 1024;

function residentMiB(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / KIB_PER_MIB;
  } catch {
    return 0; // It has ended, which the pids will show.
  }
}

function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}
