/** A message's octets from its rows: trace headers, chunks, and a last CRLF where the body has none. */
import { CRLF_OCTETS } from '../../../bytes/line-ends.js';
import { whenReady } from '../../../runtime/when-ready.js';
import { StoreError } from '../../errors.js';
import type { Pieces, Soon } from '../../shapes.js';
import type { MessageRow, SmallRow } from '../database/reads.js';

/** `pieces` are the octets that RETR sends, of a message that is small. */
export interface SmallMessage {
  readonly uid: number;
  readonly pieces: readonly Uint8Array[] | undefined;
}

export type ChunkOf = (body: number, seq: number) => Soon<Uint8Array | undefined>;

/** The octets that RETR sends. @throws StoreError 'missing' at once, before the first piece */
export function piecesOf(row: MessageRow | undefined, chunkOf: ChunkOf): Pieces {
  if (row === undefined) throw new StoreError('missing', 'the message was removed');
  return inChunks(row, chunkOf);
}

function* inChunks({ trace, body, octets }: MessageRow, chunkOf: ChunkOf): Pieces {
  yield trace;
  let left = octets - trace.length;
  const take = (chunk: Uint8Array | undefined): Uint8Array => {
    const piece = chunk ?? lastLineEnd(left, body);
    left -= piece.length;
    return piece;
  };
  for (let seq = 0; left > 0; seq++) {
    yield whenReady(chunkOf(body, seq), take);
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
