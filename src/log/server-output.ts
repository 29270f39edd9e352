/**
 * All that a server writes, by one process: the supervisor has standard output and error to itself, and its processes write
 * into pipes to it. So none of them ever meets a terminal that is gone, nor a reader that stops.
 */
import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';
import { LineOutput } from './line-output.js';
import { renderForTerminal } from './terminal-lines.js';
import { openUnblocked } from './unblocked.js';

/** At the end of the server: what cannot be written by then is lost. */
const END_LIMIT_MS = 1_000;
/** A longer line is passed on in pieces. */
const LINE_LIMIT = 256 * 1024;

/** What a process says; one that could not be begun has nothing to say it on. */
interface Speaker {
  readonly stdout?: Readable | null;
  readonly stderr?: Readable | null;
}

export class ServerOutput {
  readonly stdout: LineOutput;
  readonly stderr: LineOutput;
  readonly #open = new Set<Promise<void>>();

  constructor() {
    this.stdout = new LineOutput(openUnblocked(1), isatty(1) ? renderForTerminal() : undefined);
    this.stderr = new LineOutput(openUnblocked(2));
  }

  relay({ stdout, stderr }: Speaker): void {
    if (stdout) this.#follow(stdout, this.stdout);
    if (stderr) this.#follow(stderr, this.stderr);
  }

  /** When every process has ended. */
  async end(): Promise<void> {
    const limit = new Promise<void>((resolve) => setTimeout(resolve, END_LIMIT_MS));
    await Promise.race([Promise.all(this.#open), limit]);
    await Promise.all([this.stdout.flush(END_LIMIT_MS), this.stderr.flush(END_LIMIT_MS)]);
  }

  #follow(from: Readable, to: LineOutput): void {
    const closed = relayLines(from, to).finally(() => this.#open.delete(closed));
    this.#open.add(closed);
  }
}

/** Whole lines only, since others speak too. Resolves when there will be no more. */
function relayLines(from: Readable, to: LineOutput): Promise<void> {
  let begun = '';
  from.setEncoding('utf8').on('data', (text: string) => {
    const end = text.lastIndexOf('\n') + 1;
    if (end > 0) to.write(begun + text.slice(0, end));
    begun = (end > 0 ? '' : begun) + text.slice(end);
    if (begun.length < LINE_LIMIT) return;
    to.write(`${begun}\n`);
    begun = '';
  });
  return new Promise((resolve) => {
    from
      .on('error', () => undefined)
      .on('close', () => {
        if (begun !== '') to.write(`${begun}\n`);
        resolve();
      });
  });
}
