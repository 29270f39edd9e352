/**
 * One measurement: what was done, how fast, how long each took, and what it cost the server.
 * CPU time is counted until the server has delivered everything; the rate ends with the last reply.
 */
import type { Instance } from '../peers/peer.js';
import type { LoadWindow } from '../load/result.js';
import { cpuSeconds, endedChildrenCpuSeconds, MemoryPeak } from './usage.js';

export interface Figures {
  readonly rate?: number;
  /** Millions of bytes a second, of messages' text. */
  readonly megabytes?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly p999Ms?: number;
  readonly cpuSecondsPerThousand?: number;
  /** Cores that server and load generator kept busy while the load ran. */
  readonly serverCores?: number;
  readonly clientCores?: number;
  readonly memoryMiB?: number;
  readonly windows?: readonly LoadWindow[];
}

export type FigureName = Exclude<keyof Figures, 'windows'>;

export interface Work {
  readonly count: number;
  readonly seconds: number;
  /** Where more was done than counted: by this the CPU time is divided. */
  readonly total?: number;
  readonly figures?: Figures;
}

export async function measure(instance: Instance, work: () => Promise<Work>): Promise<Figures> {
  const { roots } = instance;
  const memory = new MemoryPeak(roots);
  try {
    const [serverBefore, clientBefore, startedMs] = [cpuSeconds(roots), endedChildrenCpuSeconds(), performance.now()];
    const { count, seconds, total = count, figures } = await work();
    const wallSeconds = (performance.now() - startedMs) / 1000;
    const [serverAfter, clientAfter] = [cpuSeconds(roots), endedChildrenCpuSeconds()];
    const memoryMiB = memory.stop();
    await instance.settle();
    return {
      rate: count / seconds,
      ...figures,
      cpuSecondsPerThousand: ((cpuSeconds(roots) - serverBefore) / total) * 1000,
      serverCores: (serverAfter - serverBefore) / wallSeconds,
      clientCores: (clientAfter - clientBefore) / wallSeconds,
      memoryMiB,
    };
  } finally {
    memory.stop();
  }
}
