/** Lines that end in any way come out ended by CRLF, wherever the pieces are cut. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { LineEndMender } from '../../src/bytes/line-ends-mended.js';

interface Outcome {
  readonly text: string;
  readonly mended: boolean;
}

function mend(pieces: readonly Uint8Array[], ends = true): Outcome {
  let mended = false;
  const mender = new LineEndMender(() => (mended = true));
  const out = pieces.map((piece) => Buffer.from(mender.pass(piece)));
  if (ends) out.push(Buffer.from(mender.end()));
  return { text: Buffer.concat(out).toString('latin1'), mended };
}

describe('lines that are ended anew', () => {
  const cases: readonly (readonly [said: string, becomes: string])[] = [
    ['HELO a\nQUIT\n', 'HELO a\r\nQUIT\r\n'],
    ['a\r\r\nb\r\n', 'a\r\nb\r\n'],
    ['a\rb\n\r.\rc\r\n', 'a\rb\r\n\r.\rc\r\n'],
    ['.\n', '.\r\n'],
    ['a\n.\nb', 'a\r\n.\r\nb\r\n'],
    ['a\r', 'a\r\n'],
    ['\n\n', '\r\n\r\n'],
  ];
  for (const [said, becomes] of cases)
    it(`makes ${JSON.stringify(becomes)} of ${JSON.stringify(said)}`, () => {
      expect(mend([Buffer.from(said)])).to.deep.equal({ text: becomes, mended: true });
    });

  it('leaves alone what is right, and says so', () => {
    const piece = Buffer.from('HELO a\r\nQUIT\r\n');
    const mender = new LineEndMender(() => expect.fail('nothing was mended'));
    expect(mender.pass(piece)).to.equal(piece);
    expect(mender.end()).to.have.length(0);
    expect(mend([Buffer.from('HELO a\r'), Buffer.from('\nQUIT\r\n')]).mended).to.equal(false);
  });

  it('holds back no more than a CR', () => {
    expect(mend([Buffer.from('HELO')], false).text).to.equal('HELO');
    expect(mend([Buffer.from('HELO\r')], false).text).to.equal('HELO');
  });

  it('gives no LF but in a CRLF, and no line that was none, the same wherever it is cut', () => {
    const octet = fc.constantFrom(...'\r\n.a'.split('').map((each) => each.charCodeAt(0)));
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 30 }), fc.array(fc.nat(30)), (octets, cuts) => {
        const bytes = Uint8Array.from(octets);
        const places = [0, ...cuts.filter((at) => at < bytes.length).toSorted((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((to, at) => bytes.slice(places[at], to));
        const whole = mend([bytes]);
        expect(mend(pieces)).to.deep.equal(whole);
        expect(whole.text.replaceAll('\r\n', '')).to.not.contain('\n');
        expect(whole.text).to.equal(reference(bytes));
      }),
    );
  });
});

function reference(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1');
  const lines = text.replace(/\r{0,2}\n/g, '\r\n');
  return lines === '' || lines.endsWith('\n') ? lines : `${lines.replace(/\r{1,2}$/, '')}\r\n`;
}
