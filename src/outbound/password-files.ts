/**
 * The files that the passwords of relays are in, as they were last read. One on a dead mount holds up nobody: a read has its time, what
 * does not end is not begun again, and few such reads are waited for at once, since each holds a thread of all that the process reads.
 */
import { setTimeout } from 'node:timers/promises';
import { firstLineOf } from '../runtime/first-line.js';

const READ_MS = 2_000;
/** Of the four threads of libuv. */
const STUCK_LIMIT = 2;
const LIMIT_OCTETS = 4_096;

export class UnreadablePassword extends Error {
  constructor(file: string, why: string) {
    super(`The password of the relay cannot be read from ${file} (${why}): see to it that the server may read it`);
  }
}

export class PasswordFiles {
  /** What was read, or why nothing was. */
  #known: ReadonlyMap<string, string | UnreadablePassword> = new Map();
  /** The answers of reads that have not ended: who wants the file meanwhile shares them. */
  readonly #reading = new Map<string, Promise<string | UnreadablePassword>>();

  /** Reads these, and forgets all others. */
  async read(files: readonly string[]): Promise<void> {
    const known = new Map<string, string | UnreadablePassword>();
    for (const file of new Set(files)) known.set(file, await this.#read(file));
    this.#known = known;
  }

  /** The first line. @throws UnreadablePassword */
  passwordIn(file: string): string {
    const known = this.#known.get(file) ?? new UnreadablePassword(file, 'not yet');
    if (typeof known !== 'string') throw known;
    return known;
  }

  #read(file: string): Promise<string | UnreadablePassword> {
    const known = this.#reading.get(file);
    if (known !== undefined) return known;
    if (this.#reading.size >= STUCK_LIMIT)
      return Promise.resolve(new UnreadablePassword(file, 'other files do not answer'));
    const reading = firstLineOf(file, { limitOctets: LIMIT_OCTETS }).finally(() => this.#reading.delete(file));
    const answer = inTime(file, reading);
    this.#reading.set(file, answer);
    return answer;
  }
}

async function inTime(file: string, reading: Promise<string>): Promise<string | UnreadablePassword> {
  const ended = new AbortController();
  const late = setTimeout(READ_MS, new UnreadablePassword(file, 'no answer'), { signal: ended.signal });
  try {
    return await Promise.race([reading, late]);
  } catch (error) {
    return new UnreadablePassword(file, (error as NodeJS.ErrnoException).code ?? (error as Error).message);
  } finally {
    ended.abort();
  }
}
