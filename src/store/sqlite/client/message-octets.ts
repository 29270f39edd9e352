/** A message's octets from its rows: trace headers, chunks, and a last CRLF where the body has none. */
import { CRLF_OCTETS } from '../../../bytes/line-ends.js';
import { whenReady } from '../../../runtime/when-ready.js';
import { StoreError } from '../../errors.js';
import type { MaybePromise } from '../../shapes.js';
import type { Source } from '../../source.js';
import type { MessageRow, SmallRow } from '../database/reads.js';

/** `pieces` are the octets that RETR sends, of a message that is small. */
export interface SmallMessage {
  readonly uid: number;
  readonly pieces: readonly Uint8Array[] | undefined;
}

export type ChunkOf = (body: number, seq: number) => MaybePromise<Uint8Array | undefined>;

/** The octets that RETR sends. @throws StoreError 'missing' at once, before the first piece */
export function sourceOf(row: MessageRow | undefined, chunkOf: ChunkOf): Source {
  if (row === undefined) throw new StoreError('missing', 'the message was removed');
  return new MessageSource(row, chunkOf);
}

class MessageSource implements Source {
  readonly #row: MessageRow;
  readonly #chunkOf: ChunkOf;
  /** Before the first of the body's chunks the trace headers. */
  #seq = -1;
  #left: number;

  constructor(row: MessageRow, chunkOf: ChunkOf) {
    this.#row = row;
    this.#chunkOf = chunkOf;
    this.#left = row.octets;
  }

  next(): MaybePromise<Uint8Array | undefined> {
    const { trace, body } = this.#row;
    const seq = this.#seq++;
    if (seq === -1) return this.#take(trace);
    if (this.#left <= 0) return undefined;
    return whenReady(this.#chunkOf(body, seq), (octets) => this.#take(octets));
  }

  close(): void {
    this.#left = 0;
  }

  /** Where there is no chunk, the end of the last line is all that is missing. */
  #take(chunk: Uint8Array | undefined): Uint8Array {
    const piece = chunk ?? lastLineEnd(this.#left, this.#row.body);
    this.#left -= piece.length;
    return piece;
  }
}

/** @throws StoreError when more is missing than the last line's end */
function lastLineEnd(left: number, body: number): Uint8Array {
  if (left === CRLF_OCTETS.length) return CRLF_OCTETS;
  throw new StoreError('missing', `body ${body} is ${left} octets short`);
}

export function smallMessages([numbers, data]: SmallRow): SmallMessage[] {
  const messages: SmallMessage[] = [];
  const each = numbers === null ? [] : numbers.split(',').map(Number);
  for (let at = 0, from = 0; at < each.length; at += 3) {
    const [uid, octets, length] = [each[at] as number, each[at + 1] as number, each[at + 2] as number];
    const pieces = data === null || length === 0 ? undefined : whole(data.subarray(from, from + length), octets);
    messages.push({ uid, pieces });
    from += length;
  }
  return messages;
}

/** Undefined when it is not all there is of so many octets. */
function whole(data: Uint8Array, octets: number): readonly Uint8Array[] | undefined {
  if (data.length === octets) return [data];
  return data.length + CRLF_OCTETS.length === octets ? [data, CRLF_OCTETS] : undefined;
}
