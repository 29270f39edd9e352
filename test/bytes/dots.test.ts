import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { DotReader } from '../../src/session/body.js';
import { DotStuffer } from '../../src/bytes/dots.js';
import { cut, cuts, lines, octets } from '../support/dialogue-property.js';

function stuff(pieces: readonly Buffer[]): string {
  const stuffer = new DotStuffer();
  return Buffer.concat(pieces.flatMap((piece) => [...stuffer.pass(piece)])).toString('latin1');
}

function naive(text: string): string {
  return `\r\n${text}`.replaceAll('\r\n.', '\r\n..').slice(2);
}

describe('dot-stuffing', () => {
  for (const [text, expected] of [
    ['', ''],
    ['.', '..'],
    ['..', '...'],
    ['a.', 'a.'],
    ['a\r\n.\r\n', 'a\r\n..\r\n'],
    ['\r\n.\r\n.\r\n', '\r\n..\r\n..\r\n'],
    ['\n.', '\n.'],
    ['\r.', '\r.'],
    ['.\r\n.\r\n', '..\r\n..\r\n'],
  ] as const)
    it(`makes ${JSON.stringify(expected)} of ${JSON.stringify(text)}, wherever it is cut`, () => {
      const bytes = Buffer.from(text);
      expect(stuff([bytes])).to.equal(expected);
      for (let at = 1; at < bytes.length; at++) expect(stuff(cut(bytes, [at])), `cut at ${at}`).to.equal(expected);
      expect(stuff(Array.from(bytes, (byte) => Buffer.of(byte)))).to.equal(expected);
    });

  it('does the same slowly, a large piece in small steps', () => {
    const text = '.\r\n..\r\nab.\r\n\r\n'.repeat(4_000);
    for (const sizes of [[], [16_384], [16_383, 32_770], [1, 20_000]]) {
      const stuffer = new DotStuffer();
      const steps = cut(Buffer.from(text), sizes).map((piece) => [...stuffer.passSlowly(piece)]);
      expect(Buffer.concat(steps.flat()).toString('latin1')).to.equal(naive(text));
      expect(Math.max(...steps.flat().map(({ length }) => length))).to.be.below(24_000);
    }
  });

  it('gives every line that begins with a dot another, whatever the bytes and the cuts', () => {
    fc.assert(
      fc.property(octets, cuts, (bytes, at) => {
        expect(stuff(cut(bytes, at))).to.equal(naive(bytes.toString('latin1')));
      }),
      { numRuns: 5000 },
    );
  });

  it('does so behind any number of dots inside lines', () => {
    const part = fc.constantFrom('.', '...', 'a.b', '\r\n', '\r\n.', '\n.', '\r.', 'text');
    fc.assert(
      fc.property(fc.array(part, { minLength: 100, maxLength: 400 }), cuts, (parts, at) => {
        const text = parts.join('');
        expect(stuff([Buffer.from(text)])).to.equal(naive(text));
        expect(stuff(cut(Buffer.from(text), at))).to.equal(naive(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('is undone by the reader of a body', () => {
    fc.assert(
      fc.property(lines, cuts, (body, at) => {
        const reader = new DotReader();
        const { pieces, rest } = reader.pass(Buffer.from(`${stuff(cut(body, at))}.\r\n`, 'latin1'));
        expect(Buffer.concat([...pieces]).equals(body)).to.equal(true);
        expect(rest?.length).to.equal(0);
      }),
    );
  });

  it('passes pieces without such lines through uncopied', () => {
    const piece = Buffer.from('a\r\nb\r\n');
    expect(new DotStuffer().pass(piece)[0]).to.equal(piece);
  });
});
