/** Lines of files that others may have written, however long they are. */
import { expect } from 'chai';
import { shortLines } from '../../src/formats/short-lines.js';

const PIECE = Buffer.alloc(50_000, 'x');

async function linesOf(pieces: readonly (string | Buffer)[]): Promise<readonly string[]> {
  const lines = [];
  const source = async function* () {
    for (const piece of pieces) yield await Promise.resolve(Buffer.from(piece));
  };
  for await (const line of shortLines(source())) lines.push(line);
  return lines;
}

describe('shortLines', () => {
  it('are lines, however they are cut and end', async () => {
    expect(await linesOf(['on', 'e\r', '\ntwo\n\nthr', Buffer.from([0xc3]), Buffer.from([0xa9])])).to.deep.equal([
      ...['one', 'two', '', 'thré'],
    ]);
    expect(await linesOf([])).to.deep.equal([]);
  });

  it('leave out what is above 64 KiB, at the end too', async () => {
    expect(await linesOf(['a\n', PIECE, PIECE, '\nb\n', PIECE, PIECE])).to.deep.equal(['a', 'b']);
  });
});
