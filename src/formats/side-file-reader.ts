/** The lines of a side file (side-file.ts), each found by the hash of its message. */
import { FileOctets } from './file-octets.js';
import { shortLines } from './short-lines.js';

export interface SideFacts {
  readonly sha256: string;
  readonly uidl: string;
  readonly receivedAtMs: number;
  readonly reversePath: string;
}

/** So many lines are passed over at once, and kept. */
const AHEAD_LIMIT = 1000;

/**
 * For a reader that asks in the order of the lines. Messages that were added or removed since cost nothing but their own facts: a line is
 * looked for a little further on, and what is passed over is kept for those that come late.
 */
export class SideFile {
  readonly #lines: AsyncIterator<string, unknown>;
  readonly #passed = new Map<string, SideFacts[]>();
  #isOver = false;

  constructor(lines: AsyncIterable<string>) {
    this.#lines = lines[Symbol.asyncIterator]();
  }

  async find(sha256: string): Promise<SideFacts | undefined> {
    const kept = this.#passed.get(sha256)?.shift();
    if (kept !== undefined) return kept;
    for (let ahead = 0; ahead < AHEAD_LIMIT && !this.#isOver; ahead++) {
      const next = await this.#lines.next();
      this.#isOver = next.done === true;
      const facts = next.done === true ? undefined : readSideLine(next.value);
      if (facts?.sha256 === sha256) return facts;
      if (facts !== undefined) this.#keep(facts);
    }
    return undefined;
  }

  async close(): Promise<void> {
    await this.#lines.return?.();
  }

  #keep(facts: SideFacts): void {
    this.#passed.set(facts.sha256, [...(this.#passed.get(facts.sha256) ?? []), facts]);
    if (this.#passed.size > AHEAD_LIMIT) this.#passed.delete(this.#passed.keys().next().value as string);
  }
}

/** Undefined where there is no such file. @throws NoMail, before any message is read, for what is no regular file */
export async function sideFileAt(path: string): Promise<AsyncIterable<string> | undefined> {
  const file = await openIfThere(path);
  await file?.close();
  return file && linesOf(path);
}

/** None where there is no such file. @throws NoMail */
export async function* linesOf(path: string): AsyncGenerator<string, void> {
  const file = await openIfThere(path);
  if (file === undefined) return;
  try {
    yield* shortLines(file.range(0, file.bytes));
  } finally {
    await file.close();
  }
}

async function openIfThere(path: string): Promise<FileOctets | undefined> {
  try {
    return await FileOctets.open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A line that somebody changed is no line. */
function readSideLine(line: string): SideFacts | undefined {
  const { sha256, uidl, received, reversePath } = objectIn(line);
  const receivedAtMs = typeof received === 'string' ? Date.parse(received) : NaN;
  if (typeof sha256 !== 'string' || typeof uidl !== 'string' || typeof reversePath !== 'string') return undefined;
  return Number.isNaN(receivedAtMs) ? undefined : { sha256, uidl, receivedAtMs, reversePath };
}

function objectIn(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
