/**
 * What every process measures of itself: memory, time on processors, and how long its event loop keeps what waits for it. A look costs
 * nothing that anybody would notice, and between two looks nothing happens but a timer of the library's own.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Sample } from './control-messages.js';

/** Delays are measured so often. */
const RESOLUTION_MS = 100;
/** What is told of delays is of the last whole span of this length. */
const SPAN_MS = 60_000;
const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;

interface Delays {
  readonly p99: number;
  readonly max: number;
}

export class ProcessSamples {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #last: Delays | undefined;

  constructor() {
    this.#delay.enable();
    setInterval(() => this.#turn(), SPAN_MS).unref();
  }

  get samples(): readonly Sample[] {
    const { user, system } = process.cpuUsage();
    const { p99, max } = this.#last ?? this.#delays;
    return [
      { name: 'process_resident_memory_bytes', value: process.memoryUsage.rss() },
      { name: 'process_cpu_seconds_total', value: (user + system) / MICROSECONDS },
      { name: 'process_start_time_seconds', value: performance.timeOrigin / 1000 },
      { name: 'event_loop_delay_p99_seconds', value: p99 },
      { name: 'event_loop_delay_max_seconds', value: max },
    ];
  }

  #turn(): void {
    this.#last = this.#delays;
    this.#delay.reset();
  }

  /** The library counts the whole time between two of its turns. */
  get #delays(): Delays {
    const beyond = (ns: number): number => Math.max(0, ns / NANOSECONDS - RESOLUTION_MS / 1000);
    return { p99: beyond(this.#delay.percentile(99)), max: beyond(this.#delay.max) };
  }
}
