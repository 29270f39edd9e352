import { expect } from 'chai';
import fc from 'fast-check';
import { NewlineNormalizer } from '../../src/bytes/newlines.js';

function convert(...pieces: readonly string[]): string {
  const lineEnds = new NewlineNormalizer();
  return Buffer.concat(pieces.map((piece) => lineEnds.pass(Buffer.from(piece, 'latin1')))).toString('latin1');
}

describe('line ends of a message handed in on the command line', () => {
  it('become CRLF, whatever they were', () => {
    expect(convert('a\nb\r\nc\rd\n\n\r\r\n')).to.equal('a\r\nb\r\nc\r\nd\r\n\r\n\r\n\r\n');
  });

  it('do not depend on where the message is cut', () => {
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('\r', '\n', 'a', '\xff'), maxLength: 4 }));
    fc.assert(fc.property(pieces, (cut) => convert(...cut) === cut.join('').replace(/\r\n|\r|\n/g, '\r\n')));
  });
});
