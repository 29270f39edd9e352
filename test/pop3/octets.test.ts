import { maildropOf } from '../support/maildrops.js';
import type { MessageInfo } from '../../src/store/maildrops.js';
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { Listing } from '../../src/pop3/listing.js';
import { scanLines, stuffed, top } from '../../src/pop3/octets.js';
import { ArraySource, type Source } from '../../src/store/source.js';
import { cut, cuts } from '../support/dialogue-property.js';
import { piecesAtOnce, sourceOf } from '../support/sources.js';

/** Of a message that is there at once. */
function textOf(source: Source): string {
  return Buffer.concat(piecesAtOnce(source)).toString('latin1');
}

function stuff(text: string): string {
  return `\r\n${text}`.replaceAll('\r\n.', '\r\n..').slice(2);
}

/** RFC 1939 §7 by its words, on a whole message of complete lines. */
function naiveTop(text: string, wanted: number): string {
  const lines = text.split('\r\n').slice(0, -1);
  const empty = lines.indexOf('');
  const shown = empty === -1 ? lines : lines.slice(0, empty + 1 + wanted);
  return stuff(shown.map((line) => `${line}\r\n`).join(''));
}

const line = fc.constantFrom('', '.', '..a', 'Subject: s', 'x'.repeat(80), '\0', ' ');
const message = fc
  .array(line, { minLength: 1, maxLength: 12 })
  .map((several) => several.map((each) => `${each}\r\n`).join(''));

describe('TOP', () => {
  it('shows the header, the empty line and so many lines, wherever the store cuts the message', () => {
    fc.assert(
      fc.property(message, fc.nat(8), cuts, (text, wanted, at) => {
        expect(textOf(top(new ArraySource(cut(Buffer.from(text, 'latin1'), at)), wanted))).to.equal(
          naiveTop(text, wanted),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('cut at every byte shows the same', () => {
    const bytes = Buffer.from('X: y\r\nSubject: s\r\n\r\n.\r\n\r\ntwo\r\nthree\r\n');
    for (let wanted = 0; wanted < 6; wanted++)
      for (let at = 1; at < bytes.length; at++)
        expect(textOf(top(new ArraySource(cut(bytes, [at])), wanted)), `${wanted} lines, cut at ${at}`).to.equal(
          naiveTop(bytes.toString(), wanted),
        );
  });

  it('reads no further than it must', () => {
    let read = 0;
    const pieces = function* (): Iterable<Uint8Array> {
      for (const piece of ['X: y\r\n', '\r\n', 'one\r\n', 'two\r\n', 'three\r\n']) {
        read += 1;
        yield Buffer.from(piece);
      }
    };
    expect(textOf(top(sourceOf(pieces()), 1))).to.equal('X: y\r\n\r\none\r\n');
    expect(read).to.equal(3);
  });
});

describe('TOP of a long header', () => {
  it('looks at a part of what the store gives before it hands that over, so that others come between', () => {
    const [chunk, most] = [256 * 1024, 8 * 1024];
    const text = 'X:\r\n'.repeat(chunk / 4);
    const parts = piecesAtOnce(top(new ArraySource([Buffer.from(text)]), 0));
    expect(Math.max(...parts.map(({ length }) => length))).to.be.at.most(most);
    expect(Buffer.concat(parts).toString()).to.equal(text);
  });
});

describe('RETR', () => {
  it('stuffs dots wherever the store cuts the message', () => {
    fc.assert(
      fc.property(message, cuts, (text, at) => {
        const pieces = cut(Buffer.from(text, 'latin1'), at);
        expect(textOf(stuffed(new ArraySource(pieces)))).to.equal(stuff(text));
        expect(textOf(stuffed(sourceOf(pieces)))).to.equal(stuff(text));
      }),
    );
  });
});

describe('a long listing', () => {
  const infos = Array.from({ length: 2500 }, (_, at) => ({ id: at + 1, uidl: `v.${at + 1}`, octets: at }));

  it('has a line for each message that is not marked, in bounded pieces', () => {
    const listing = new Listing(maildropOf(infos));
    listing.mark(2, infos[1] as MessageInfo);
    const pieces = piecesAtOnce(scanLines(listing, ({ octets }) => octets));
    expect(pieces).to.have.length(3);
    const lines = Buffer.concat(pieces).toString().split('\r\n');
    expect(lines.slice(0, 3)).to.deep.equal(['1 0', '3 2', '4 3']);
    expect(lines).to.have.length(2500);
    expect(lines.at(-1)).to.equal('');
  });

  it('of nothing has no line', () =>
    expect(piecesAtOnce(scanLines(new Listing(maildropOf([])), () => 0))).to.deep.equal([]));
});
