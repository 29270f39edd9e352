/**
 * Lines on their way to a descriptor behind which anything may stand: a file on a full disk, a pipe that nobody reads or whose
 * reader is gone, a terminal that was closed. Never throws, never waits, and holds no more than HELD_LIMIT: a line that finds no
 * room is lost and counted, and how many were is told as soon as lines can be written again.
 * Not sonic-boom, which pino brings: at the end of a process it tries again for ever.
 */
import { Buffer } from 'node:buffer';
import { write, writeSync } from 'node:fs';

/** Lines that were lost in a row, and what the system said last. */
export interface Loss {
  readonly lines: number;
  readonly error: string | undefined;
}

/** Characters; where lines cannot be written. What comes then is lost. */
const HELD_LIMIT = 1024 * 1024;
/** Lines are written together: one write for each session cost a tenth of a worker's time under load, one for twenty a thirtieth. */
const WRITTEN_TOGETHER = 64 * 1024;
const HELD_MS = 100;
/** What could not be written is tried again after this, and then after twice as long each time: a reader may just be slow. */
const RETRY_MS = 5;
const LONGEST_RETRY_MS = 320;

export class LineOutput {
  readonly #descriptor: number;
  readonly #render: (lines: string) => string;
  #held = '';
  /** What is left of what is being written. */
  #rest: Buffer | undefined;
  #underWay = false;
  #retryMs = RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;
  #error: string | undefined;
  #tell: (loss: Loss) => void = () => undefined;
  #waiting: (() => void)[] = [];
  #later: (() => void)[] = [];

  /** A descriptor that makes its writers wait must be a file's; see openUnblocked. `render` is what is made of lines. */
  constructor(descriptor: number, render = (lines: string): string => lines) {
    this.#descriptor = descriptor;
    this.#render = render;
    process.once('exit', () => this.#writeNow());
  }

  /** Whole lines. */
  write(lines: string): void {
    const text = this.#render(lines);
    if (this.#held.length + text.length > HELD_LIMIT) this.#lost += Math.max(1, lines.split('\n').length - 1);
    else this.#held += text;
    this.#schedule();
  }

  /** Is called after a loss, when lines can be written again. */
  whenRecovered(tell: (loss: Loss) => void): void {
    this.#tell = tell;
  }

  /** What must not be lost is written by `act`: now, or when this goes on. */
  whenRoom(act: () => void): void {
    if (this.#held.length < HELD_LIMIT / 2) act();
    else this.#later.push(act);
  }

  /** Resolves when everything is written, or when it has taken so long. */
  async flush(limitMs: number): Promise<void> {
    this.#begin();
    if (this.#isIdle) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      setTimeout(resolve, limitMs);
    });
  }

  #schedule(): void {
    if (this.#held.length >= WRITTEN_TOGETHER) this.#begin();
    else this.#timer ??= setTimeout(() => this.#begin(), HELD_MS).unref();
  }

  get #isIdle(): boolean {
    return this.#rest === undefined;
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#rest !== undefined || this.#held === '') return;
    this.#rest = Buffer.from(this.#held);
    this.#held = '';
    this.#go(this.#rest);
  }

  #go(rest: Buffer): void {
    this.#underWay = true;
    write(this.#descriptor, rest, 0, rest.length, null, (error, count) => {
      this.#underWay = false;
      if (error !== null || count === 0) return this.#failed(rest, error);
      this.#rest = rest.subarray(count);
      this.#retryMs = RETRY_MS;
      if (count < rest.length) this.#go(this.#rest);
      else this.#wrote();
    });
  }

  #failed(rest: Buffer, error: NodeJS.ErrnoException | null): void {
    this.#error = error?.code;
    setTimeout(() => this.#go(rest), this.#retryMs).unref();
    this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
  }

  #wrote(): void {
    const lines = this.#lost;
    this.#rest = undefined;
    this.#lost = 0;
    if (lines > 0 || this.#waiting.length > 0) this.#begin();
    if (lines > 0) this.#tell({ lines, error: this.#error }); // Behind what came before them, which has just left.
    if (this.#held.length < HELD_LIMIT / 2) for (const act of this.#later.splice(0)) act();
    if (this.#held !== '') this.#schedule();
    if (this.#isIdle) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** At the end of the process: what can be written without waiting. */
  #writeNow(): void {
    const left = this.#underWay || this.#rest === undefined ? [] : [this.#rest];
    try {
      for (let rest = Buffer.concat([...left, Buffer.from(this.#held)]), count = 1; rest.length > 0 && count > 0;) {
        count = writeSync(this.#descriptor, rest);
        rest = rest.subarray(count);
      }
    } catch {
      // It cannot be written, and there is nobody left to tell.
    }
  }
}
