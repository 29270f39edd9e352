import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { Reader } from '../../src/session/reader.js';
import { cut, cuts, octets } from '../support/dialogue-property.js';

const LIMIT_BYTES = 12;

/** Lines as Latin-1, undefined for one that was too long. */
function linesOf(pieces: readonly Uint8Array[], limitBytes = LIMIT_BYTES): readonly (string | undefined)[] {
  const reader = new Reader(limitBytes);
  const lines: (string | undefined)[] = [];
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    reader.push(lent);
    for (let line = reader.line(); line !== undefined; line = reader.line())
      lines.push(line.tooLong ? undefined : line.bytes.toString('latin1'));
    reader.keep();
    lent.fill('?');
  }
  return lines;
}

/** The whole stream at once, by the definition of a line. */
function naive(bytes: Buffer): readonly (string | undefined)[] {
  return bytes
    .toString('latin1')
    .split('\r\n')
    .slice(0, -1)
    .map((line) => (line.length > LIMIT_BYTES ? undefined : line));
}

describe('the reader', () => {
  const table: readonly (readonly [what: string, stream: string, lines: readonly (string | undefined)[]])[] = [
    ['a line', 'NOOP\r\n', ['NOOP']],
    ['two lines and a half', 'a\r\nb\r\nc', ['a', 'b']],
    ['empty lines', '\r\n\r\n', ['', '']],
    ['a bare LF', 'a\nb\r\n', ['a\nb']],
    ['a bare CR', 'a\rb\r\n', ['a\rb']],
    ['CR CR LF', 'a\r\r\nb\r\n', ['a\r', 'b']],
    ['LF CR LF', 'a\n\r\n', ['a\n']],
    ['a first LF', '\na\r\n', ['\na']],
    ['a line at the limit', 'x'.repeat(12) + '\r\n', ['x'.repeat(12)]],
    ['a line over the limit', 'x'.repeat(13) + '\r\ny\r\n', [undefined, 'y']],
    ['a line far over the limit', 'x'.repeat(500) + '\r\ny\r\n', [undefined, 'y']],
    ['bare newlines in a line over the limit', 'x\n\r'.repeat(50) + '\r\ny\r\n', [undefined, 'y']],
    ['bytes that are no text', '\0\xff\r\n', ['\0\xff']],
  ];
  for (const [what, stream, lines] of table)
    it(`reads ${what}, whole and byte by byte`, () => {
      const bytes = Buffer.from(stream, 'latin1');
      expect(linesOf([bytes])).to.deep.equal(lines);
      expect(linesOf(Array.from(bytes, (byte) => Uint8Array.of(byte)))).to.deep.equal(lines);
    });

  it('reads the same lines however the stream is cut', () => {
    fc.assert(
      fc.property(octets, cuts, (bytes, at) => {
        expect(linesOf(cut(bytes, at))).to.deep.equal(naive(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('knows whether a whole line waits, before and after it is asked', () => {
    fc.assert(
      fc.property(octets, cuts, (bytes, at) => {
        const asked = new Reader(1000);
        const lines: string[] = [];
        for (const piece of cut(bytes, at)) {
          asked.push(piece);
          while (asked.hasLine) {
            const line = asked.line();
            if (line?.tooLong === false) lines.push(line.bytes.toString('latin1'));
          }
          expect(asked.line()).to.equal(undefined);
        }
        expect(lines).to.deep.equal(bytes.toString('latin1').split('\r\n').slice(0, -1));
      }),
    );
  });

  it('keeps no more of an endless line than its limit', () => {
    const reader = new Reader(LIMIT_BYTES);
    for (let left = 10_000; left > 0; left--) {
      reader.push(Buffer.from('abcdefgh\r'));
      expect(reader.line()).to.equal(undefined);
      expect(reader.waiting).to.be.lessThanOrEqual(LIMIT_BYTES + 1);
    }
    reader.push(Buffer.from('\nNOOP\r\n'));
    expect(reader.line()).to.deep.equal({ tooLong: true });
    expect(reader.line()).to.deep.equal({ tooLong: false, bytes: Buffer.from('NOOP') });
  });

  it('knows a piece of a line with a bare newline at its end, and drops it', () => {
    for (const [said, ends] of [
      ['', false],
      ['NOOP', false],
      ['NOOP\r', false],
      ['NOOP\n', true],
      ['\n', true],
      ['NO\nOP', false],
      ['NOOP\n\r', true],
      ['\n\r', true],
      ['NOOP\r\0', true],
      ['\r\0', true],
      ['NOOP\0', false],
      ['NOOP\r\r', false],
      ['NOOP\r\n\r', false],
      ['NO\nOP\n', true],
      ['NOOP\r\n', false],
      ['NOOP\r\nNOOP\n', false],
      ['NOOP\n\r\n', false],
      [`${'x'.repeat(50)}\n`, true],
      [`${'x'.repeat(50)}\r\n`, false],
    ] as const) {
      const reader = new Reader(LIMIT_BYTES);
      for (const byte of Buffer.from(said)) {
        reader.push(Uint8Array.of(byte));
        if (said.length > LIMIT_BYTES) expect(reader.line() ?? { tooLong: true }).to.deep.equal({ tooLong: true });
      }
      expect(reader.endsInBareNewline, JSON.stringify(said)).to.equal(ends);
      if (!ends) continue;
      const bytes = Buffer.from(said);
      expect(reader.drop()).to.deep.equal(said.length > LIMIT_BYTES ? { tooLong: true } : { tooLong: false, bytes });
      expect(reader.waiting).to.equal(0);
      reader.push(Buffer.from('NOOP\r\n'));
      expect(reader.line()).to.deep.equal({ tooLong: false, bytes: Buffer.from('NOOP') });
    }
  });

  it('shows where a line begins, and nothing of one that is skipped', () => {
    const reader = new Reader(LIMIT_BYTES);
    reader.push(Buffer.from('NOOP'));
    expect(reader.start.toString()).to.equal('NOOP');
    reader.push(Buffer.alloc(50, 'x'));
    reader.line();
    expect(reader.start.toString()).to.equal('');
    reader.push(Buffer.from('\r\nRSET'));
    reader.line();
    expect(reader.start.toString()).to.equal('RSET');
  });

  it('gives what waits to a body, and takes back what is not of it', () => {
    const reader = new Reader(LIMIT_BYTES);
    reader.push(Buffer.from('DATA\r\nbo'));
    expect(reader.line()).to.deep.equal({ tooLong: false, bytes: Buffer.from('DATA') });
    expect(reader.take().toString()).to.equal('bo');
    expect(reader.waiting).to.equal(0);
    reader.push(Buffer.from('dy.QU'));
    reader.unread(reader.take().subarray(3));
    reader.push(Buffer.from('IT\r\n'));
    expect(reader.line()).to.deep.equal({ tooLong: false, bytes: Buffer.from('QUIT') });
  });

  it('gives a body a part of what waits, and puts what comes back before the rest', () => {
    const reader = new Reader(LIMIT_BYTES);
    reader.push(Buffer.from('body.NOOP\r\nQUIT\r\n'));
    expect(reader.take(4).toString()).to.equal('body');
    expect(reader.waiting).to.equal('.NOOP\r\nQUIT\r\n'.length);
    reader.unread(reader.take(3).subarray(1));
    expect(reader.line()).to.deep.equal({ tooLong: false, bytes: Buffer.from('NOOP') });
    reader.unread(reader.take(2).subarray(2));
    expect(reader.take().toString()).to.equal('IT\r\n');
  });
});
