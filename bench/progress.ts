/** A line on standard error for each measurement, so that a long run shows where it is. */
import type { Figures } from './measure/figures.js';
import { figuresInWords } from './report/words.js';

interface Place {
  readonly round: number;
  readonly peer: string;
  readonly scenario: string;
}

export class Progress {
  readonly #rounds: number;
  readonly #startedMs = performance.now();
  #place = '';

  constructor(rounds: number) {
    this.#rounds = rounds;
  }

  say(text: string): void {
    process.stderr.write(`${this.#clock()}  ${text}\n`);
  }

  begin({ round, peer, scenario }: Place, title: string): void {
    this.#place = `${round}/${this.#rounds}  ${peer.padEnd(15)}  ${scenario.padEnd(16)}`;
    // On a terminal, what is going on now; the line is replaced by its result.
    if (process.stderr.isTTY) process.stderr.write(`${this.#clock()}  ${this.#place}  ${title} …\r`);
  }

  end(figures: Figures, unit: string): void {
    if (process.stderr.isTTY) process.stderr.write('\u001b[2K');
    this.say(`${this.#place}  ${figuresInWords(figures, unit)}`);
  }

  failed(what: string, failure: string): void {
    if (process.stderr.isTTY) process.stderr.write('\u001b[2K');
    this.say(`${what}: FAILED: ${failure}`);
  }

  #clock(): string {
    const seconds = Math.floor((performance.now() - this.#startedMs) / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }
}
