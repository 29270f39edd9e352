import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { bodyReader, CountReader, DotReader, type BodyReader } from '../../src/session/body.js';
import { BodyTransfer } from '../../src/session/body-transfer.js';
import { Reader } from '../../src/session/reader.js';
import { NewlineCheck } from '../../src/bytes/newlines.js';
import { cut, cuts, lines, octets } from '../support/dialogue-property.js';

interface Seen {
  readonly body: string;
  readonly rest: string | undefined;
  readonly octets: number;
  readonly bare: boolean;
}

/** As a session reads: piece by piece until the body ends; what comes later belongs to nobody here. */
function read(reader: BodyReader, pieces: readonly Buffer[]): Seen {
  let body = '';
  let rest: string | undefined;
  for (const piece of pieces) {
    if (rest !== undefined) rest += piece.toString('latin1');
    else {
      const passed = reader.pass(piece);
      body += passed.pieces.map((part) => part.toString('latin1')).join('');
      rest = passed.rest?.toString('latin1');
    }
  }
  return { body, rest, octets: reader.end.octets, bare: reader.end.bareNewline };
}

function readDots(text: string | Buffer, at: readonly number[] = []): Seen {
  return read(new DotReader(), cut(typeof text === 'string' ? Buffer.from(text, 'latin1') : text, at));
}

/** RFC 5321 §4.5.2 by its words, on a complete stream: the end is the first CRLF.CRLF, counting one before the body. */
function naiveDots(bytes: Buffer): { readonly text: string; readonly rest: string } | undefined {
  const stream = `\r\n${bytes.toString('latin1')}`;
  const end = stream.indexOf('\r\n.\r\n');
  return end === -1 ? undefined : { text: stream.slice(2, end + 2), rest: stream.slice(end + 5) };
}

function unstuffed(text: string): string {
  return `\r\n${text}`.replaceAll('\r\n.', '\r\n').slice(2);
}

function stuffed(text: string): string {
  return `\r\n${text}`.replaceAll('\r\n.', '\r\n..').slice(2);
}

function hasBareNewline(text: string): boolean {
  return /[\r\n]/.test(text.replaceAll('\r\n', ''));
}

describe('a body that ends with a dot', () => {
  const table: readonly (readonly [what: string, stream: string, body: string, rest: string | undefined])[] = [
    ['nothing', '.\r\n', '', ''],
    ['a line', 'a\r\n.\r\n', 'a\r\n', ''],
    ['what follows it', 'a\r\n.\r\nQUIT\r\n', 'a\r\n', 'QUIT\r\n'],
    ['a stuffed dot', '..\r\n.\r\n', '.\r\n', ''],
    ['a stuffed line', '..a\r\n...\r\n.\r\n', '.a\r\n..\r\n', ''],
    ['a dot that should have been stuffed', '.a\r\n.\r\n', 'a\r\n', ''],
    ['dots inside lines', 'a.\r\n a.b\r\n.\r\n', 'a.\r\n a.b\r\n', ''],
    ['empty lines', '\r\n\r\n.\r\n', '\r\n\r\n', ''],
    ['no end yet', 'a\r\n.', 'a\r\n', undefined],
    ['no end with a space behind the dot', 'a\r\n. \r\n', 'a\r\n \r\n', undefined],
  ];
  for (const [what, stream, body, rest] of table)
    it(`has ${what}`, () => {
      expect(readDots(stream)).to.deep.equal({ body, rest, octets: body.length, bare: false });
      expect(
        readDots(
          stream,
          Array.from(stream, (_, position) => position),
        ),
      ).to.deep.equal({ body, rest, octets: body.length, bare: false });
    });

  for (const end of ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r\n.\r', '\r.\r\n', '\r.\n', '\r\n.\r\r\n', '\n\r.\n\r'])
    it(`does not end at ${JSON.stringify(end)}, and is known to be bad`, () => {
      const seen = readDots(`a${end}b\r\n`);
      expect(seen.rest).to.equal(undefined);
      expect(seen.bare).to.equal(true);
      expect(readDots(`a${end}b\r\n.\r\n`)).to.include({ rest: '', bare: true });
    });

  it('is what was stuffed, whatever its bytes and wherever they are cut', () => {
    fc.assert(
      fc.property(lines, octets, cuts, (body, after, at) => {
        const text = body.toString('latin1');
        const stream = Buffer.from(`${stuffed(text)}.\r\n${after.toString('latin1')}`, 'latin1');
        const seen = readDots(stream, at);
        expect(seen).to.deep.equal({ body: text, rest: after.toString('latin1'), octets: text.length, bare: false });
      }),
      { numRuns: 2000 },
    );
  });

  it('ends at CRLF.CRLF and nowhere else, and every bare newline is noticed', () => {
    fc.assert(
      fc.property(octets, octets, cuts, (before, after, at) => {
        const bytes = Buffer.concat([before, Buffer.from('\r\n.\r\n'), after]);
        const seen = readDots(bytes, at);
        const { text, rest } = naiveDots(bytes) ?? { text: '', rest: undefined };
        expect(seen.rest).to.equal(rest);
        expect(seen.bare).to.equal(hasBareNewline(text));
        if (!seen.bare) expect(seen.body).to.equal(unstuffed(text));
        if (!seen.bare) expect(seen.octets).to.equal(seen.body.length);
      }),
      { numRuns: 5000 },
    );
  });

  it('goes on as long as there is no CRLF.CRLF', () => {
    fc.assert(
      fc.property(octets, cuts, (bytes, at) => {
        fc.pre(naiveDots(bytes) === undefined);
        expect(readDots(bytes, at).rest).to.equal(undefined);
      }),
    );
  });
});

describe('a counted body', () => {
  it('is the next so many octets, wherever they are cut', () => {
    fc.assert(
      fc.property(octets, octets, cuts, (body, after, at) => {
        fc.pre(body.length > 0);
        const newlines = new NewlineCheck();
        const seen = read(new CountReader({ octets: body.length, newlines }), cut(Buffer.concat([body, after]), at));
        expect(seen).to.deep.equal({
          body: body.toString('latin1'),
          rest: after.toString('latin1'),
          octets: body.length,
          bare: hasBareNewline(body.toString('latin1')),
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('waits for the last octet', () => {
    const reader = new CountReader({ octets: 3, newlines: new NewlineCheck() });
    expect(reader.pass(Buffer.from('ab')).rest).to.equal(undefined);
    expect(reader.pass(Buffer.from('cd')).rest?.toString()).to.equal('d');
  });

  it('of nothing is over at once', () => {
    const reader = bodyReader({ until: 'count', octets: 0, newlines: new NewlineCheck() });
    const { pieces, rest } = reader.pass(Buffer.from('NOOP\r\n'));
    expect(pieces).to.deep.equal([]);
    expect(rest?.toString()).to.equal('NOOP\r\n');
  });
});

describe('the check of newlines', () => {
  it('finds every CR or LF that is not part of a CRLF, across pieces', () => {
    fc.assert(
      fc.property(octets, cuts, (bytes, at) => {
        const check = new NewlineCheck();
        for (const piece of cut(bytes, at)) check.look(piece);
        expect(check.bare).to.equal(hasBareNewline(bytes.toString('latin1')));
      }),
      { numRuns: 3000 },
    );
  });

  it('counts a CR at the end until its LF comes', () => {
    const check = new NewlineCheck();
    check.look(Buffer.from('a\r'));
    expect(check.bare).to.equal(true);
    check.look(Buffer.from(''));
    expect(check.bare).to.equal(true);
    check.look(Buffer.from('\n'));
    expect(check.bare).to.equal(false);
  });
});

describe('a body on its way', () => {
  it('is passed on in steps, and in shorter ones while many others wait', () => {
    const sizes = [false, true].map((isCrowded) => {
      let octets = 0;
      const sink = { write: (piece: Uint8Array) => void (octets += piece.length), abandon: () => undefined };
      const transfer = new BodyTransfer({
        kind: 'collect',
        framing: { until: 'dot' },
        sink,
        ended: () => {
          throw new Error('it has no end');
        },
      });
      const reader = new Reader(512);
      reader.push(Buffer.from('..\r\n'.repeat(16 * 1024)));
      transfer.take(reader, isCrowded);
      return octets;
    });
    expect(sizes).to.deep.equal([12 * 1024, 3 * 1024]);
  });
});
