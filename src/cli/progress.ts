/**
 * How far a long command is, on standard error: a bar with the rate and the time left on a terminal, a line now and then elsewhere.
 * What goes to standard output stays clean.
 */
import type { SingleBar } from 'cli-progress';

/** Between two lines where there is no terminal: a log should not be filled by one command. */
const LINE_MS = 10_000;
/** Between two times that a bar is drawn. */
const BAR_MS = 100;
const SECOND_MS = 1000;

export interface ProgressOptions {
  /** What is counted, and what is done to it: `messages exported`. */
  readonly what: string;
  /** Of all the work, in whatever unit; absent where nobody knows. */
  readonly total?: number | undefined;
}

export class Progress {
  readonly #options: ProgressOptions;
  readonly #bar: SingleBar | undefined;
  readonly #beganMs = performance.now();
  #nextMs = 0;
  #count = 0;
  #work = 0;

  private constructor(options: ProgressOptions, bar: SingleBar | undefined) {
    this.#options = options;
    this.#bar = bar;
    if (bar === undefined) this.#nextMs = LINE_MS;
  }

  static async begin(options: ProgressOptions): Promise<Progress> {
    if (!process.stderr.isTTY) return new Progress(options, undefined);
    const { default: cliProgress } = await import('cli-progress'); // Few commands show one.
    const format = options.total === undefined ? '{said}' : '{bar} {percentage}% | {said}';
    const bar = new cliProgress.SingleBar({ format, barsize: 30, hideCursor: true, clearOnComplete: true });
    bar.start(options.total ?? 1, 0, { said: '' });
    return new Progress(options, bar);
  }

  /** So many more are done, and so much of the work with them. */
  add(count: number, work = count): void {
    this.#count += count;
    this.#work += work;
    const ms = performance.now() - this.#beganMs;
    if (ms < this.#nextMs) return;
    this.#nextMs = ms + (this.#bar === undefined ? LINE_MS : BAR_MS);
    if (this.#bar === undefined) process.stderr.write(`${this.#said(ms)}\n`);
    else this.#bar.update(this.#options.total === undefined ? 0 : this.#work, { said: this.#said(ms) });
  }

  end(): void {
    this.#bar?.stop();
  }

  #said(ms: number): string {
    const rate = Math.round((this.#count * SECOND_MS) / Math.max(ms, 1));
    const left = this.#leftMs(ms);
    return `${this.#count} ${this.#options.what}, ${rate}/s${left === undefined ? '' : `, ${durationText(left)} left`}`;
  }

  /** At the rate until now. */
  #leftMs(ms: number): number | undefined {
    const { total } = this.#options;
    return total === undefined || this.#work === 0 ? undefined : (ms / this.#work) * Math.max(total - this.#work, 0);
  }
}

function durationText(ms: number): string {
  const seconds = Math.ceil(ms / SECOND_MS);
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`;
}
