/** Octets as lines of UTF-8. What is too long to be a line of the files that are read here is left out, and never held as a whole. */
import { LF } from '../bytes/line-ends.js';

const LINE_LIMIT_BYTES = 64 * 1024;

export async function* shortLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  let kept: Uint8Array[] = [];
  let octets = 0;
  function keep(part: Uint8Array): void {
    octets += part.length;
    if (octets <= LINE_LIMIT_BYTES) kept.push(part);
    else kept = [];
  }
  function* end(): Generator<string, void> {
    if (octets <= LINE_LIMIT_BYTES) yield Buffer.concat(kept).toString().replace(/\r$/, '');
    kept = [];
    octets = 0;
  }
  for await (const piece of pieces) {
    let from = 0;
    for (let at = piece.indexOf(LF); at !== -1; at = piece.indexOf(LF, from)) {
      keep(piece.subarray(from, at));
      yield* end();
      from = at + 1;
    }
    keep(piece.subarray(from));
  }
  if (octets > 0) yield* end();
}
