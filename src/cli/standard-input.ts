/** Secrets that come by standard input: all of it, short, without the line end that `echo` adds. */
const LINE_END_BYTES = 2;

/** Undefined when it is longer. */
export async function readInput(limitBytes: number): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > limitBytes + LINE_END_BYTES) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
