import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { HopCount } from '../../src/message/hops.js';
import { cut, cuts } from '../support/dialogue-property.js';

function count(pieces: readonly Uint8Array[]): number {
  const hops = new HopCount();
  for (const piece of pieces) hops.look(piece);
  return hops.received;
}

/** By its words: fields of the header section named Received; the section ends at the first empty line. */
function naive(text: string): number {
  const [header = ''] = `\r\n${text}`.split('\r\n\r\n');
  return header.split('\r\n').filter((line) => /^received:/i.test(line)).length;
}

describe('the count of hops', () => {
  for (const [text, hops] of [
    ['', 0],
    ['Received: x\r\n\r\n', 1],
    ['Received: x\r\nRECEIVED: y\r\nreceived:\r\n\r\n', 3],
    ['Received: x\r\n\tReceived: folded\r\n\r\n', 1],
    ['Received-SPF: x\r\nX-Received: y\r\nReceived : z\r\n\r\n', 0],
    ['Subject: Received:\r\n\r\n', 0],
    ['Subject: x\r\n\r\nReceived: in the text\r\n', 0],
    ['\r\nReceived: in the text\r\n', 0],
    ['Received:', 0],
    ['Received: x', 0],
    [`${'Received: x\r\n'.repeat(101)}\r\n`, 101],
    [`X: ${'y'.repeat(5000)}\r\nReceived: x\r\n`, 1],
  ] as const)
    it(`of ${JSON.stringify(text.slice(0, 40))} is ${hops}, wherever it is cut`, () => {
      const bytes = Buffer.from(text);
      expect(count([bytes])).to.equal(hops);
      expect(count(Array.from(bytes, (byte) => Uint8Array.of(byte)))).to.equal(hops);
    });

  it('is the same for any header, cut anywhere', () => {
    const line = fc.constantFrom(
      'Received: x',
      'rEcEived:',
      'Received',
      'X: Received:',
      ' Received: x',
      '',
      'Subject: s',
      '.',
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), cuts, (several, at) => {
        const text = several.map((each) => `${each}\r\n`).join('');
        expect(count(cut(Buffer.from(text), at))).to.equal(naive(text));
      }),
      { numRuns: 2000 },
    );
  });
});
