/** What a header is taken apart into: by its words, the same wherever it is cut, and in a time by its length. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { WantedNames } from '../../src/message/field-name.js';
import { HeaderScanner } from '../../src/message/header-scanner.js';
import { cut, cuts, octets } from '../support/dialogue-property.js';

const WANTED = new WantedNames('subject', 'received', 'bcc');

/** Each line as what it was said to be, its octets, and what stands behind the header. */
function scanned(pieces: readonly Uint8Array[]): readonly string[] {
  const lines: string[] = [];
  const begin = (what: string) => void lines.push(`${what}|`);
  const add = (text: string) => void lines.push(`${lines.pop() ?? ''}${text}`);
  const scanner = new HeaderScanner(
    {
      field: (name, isObsolete) => begin(`field ${name}${isObsolete ? ' obsolete' : ''}`),
      continuation: () => begin('continuation'),
      malformed: () => begin('malformed'),
      octets: (bytes, from, to) => add(bytes.toString('latin1', from, to)),
      endOfHeader: () => begin('text'),
    },
    WANTED,
  );
  for (const piece of pieces) {
    const lent = Buffer.from(piece); // Good until the scanner returns, and no longer.
    const at = scanner.scan(lent);
    if (at < lent.length) add(lent.toString('latin1', at));
    lent.fill('!');
  }
  scanner.end();
  return lines;
}

function byteByByte(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** RFC 5322 §2.2, of a header that lies there whole and has short lines. */
function naive(header: string): readonly string[] {
  const lines: string[] = [];
  const whole = header.split(/(?<=\n)(?!$)/).filter((line) => line !== '');
  for (const [at, line] of whole.entries()) {
    if (/^[\r\n]/.test(line)) return [...lines, `text|${whole.slice(at).join('')}`];
    lines.push(`${kindOf(line)}|${line}`);
  }
  return lines;
}

function kindOf(line: string): string {
  if (/^[ \t]/.test(line)) return 'continuation';
  const [, name = '', blanks = ''] = /^([!-9;-~]+)([ \t]*):/.exec(line) ?? [];
  if (name === '') return 'malformed';
  const known = ['subject', 'received', 'bcc'].includes(name.toLowerCase()) ? name.toLowerCase() : '';
  return `field ${known}${blanks === '' ? '' : ' obsolete'}`;
}

const LONG = 'x'.repeat(1500);

describe('a header', () => {
  for (const [what, header, lines] of [
    ['of nothing', '', []],
    ['without a field', '\r\ntext\r\n', ['text|\r\ntext\r\n']],
    ['with a field', 'Subject: x\r\n\r\n', ['field subject|Subject: x\r\n', 'text|\r\n']],
    [
      'in any case',
      'sUBJECT:\r\nRECEIVED:x\r\n\r\n',
      ['field subject|sUBJECT:\r\n', 'field received|RECEIVED:x\r\n', 'text|\r\n'],
    ],
    ['of names that nobody asked for', 'X: y\r\nSubjects: z\r\n', ['field |X: y\r\n', 'field |Subjects: z\r\n']],
    [
      'with folded lines',
      'Subject: x\r\n y\r\n\tBcc: z\r\nBcc: w\r\n',
      ['field subject|Subject: x\r\n', 'continuation| y\r\n', 'continuation|\tBcc: z\r\n', 'field bcc|Bcc: w\r\n'],
    ],
    ['with a line of blanks', 'X: y\r\n \r\n\r\n', ['field |X: y\r\n', 'continuation| \r\n', 'text|\r\n']],
    [
      'with blanks before colons',
      'Subject \t: x\r\nBcc :\r\n',
      ['field subject obsolete|Subject \t: x\r\n', 'field bcc obsolete|Bcc :\r\n'],
    ],
    ['with a colon first', ': x\r\n', ['malformed|: x\r\n']],
    [
      'with a line that is no field',
      'Battery low\r\nBcc: x\r\n',
      ['malformed|Battery low\r\n', 'field bcc|Bcc: x\r\n'],
    ],
    ['with a NUL', 'Sub\0ject: x\r\nBcc: \0\r\n', ['malformed|Sub\0ject: x\r\n', 'field bcc|Bcc: \0\r\n']],
    ['in another alphabet', 'Gr\xfc\xdfe: x\r\n', ['malformed|Gr\xfc\xdfe: x\r\n']],
    ['that ends its lines with LF', 'Bcc: x\n\ntext\n', ['field bcc|Bcc: x\n', 'text|\ntext\n']],
    ['with a bare CR in a line', 'X: \rBcc: y\r\n\r\n', ['field |X: \rBcc: y\r\n', 'text|\r\n']],
    ['with a bare CR first in a line', 'X: y\r\n\rBcc: z\r\n', ['field |X: y\r\n', 'text|\rBcc: z\r\n']],
    ['with a CR before a colon', 'Bcc\r: x\r\n', ['malformed|Bcc\r: x\r\n']],
    ['that breaks off in a field', 'Subject: x', ['field subject|Subject: x']],
    ['that breaks off in a name', 'X: y\r\nSubj', ['field |X: y\r\n', 'malformed|Subj']],
    ['that breaks off before a colon', 'Subject', ['malformed|Subject']],
    ['that breaks off in a line end', 'Subject: x\r', ['field subject|Subject: x\r']],
    ['with a long field', `Bcc: ${LONG}\r\nBcc:\r\n`, [`field bcc|Bcc: ${LONG}\r\n`, 'field bcc|Bcc:\r\n']],
    ['with a name that is too long', `${LONG}: y\r\nBcc:\r\n`, [`malformed|${LONG}: y\r\n`, 'field bcc|Bcc:\r\n']],
    ['with the longest name', `${'x'.repeat(997)}:\r\n`, [`field |${'x'.repeat(997)}:\r\n`]],
    ['with one more', `${'x'.repeat(998)}:\r\n`, [`malformed|${'x'.repeat(998)}:\r\n`]],
    [
      'with too many blanks for a colon',
      `Bcc${' '.repeat(1500)}x\r\n`,
      [`field bcc obsolete|Bcc${' '.repeat(1500)}x\r\n`],
    ],
    ['with text like fields', '\r\nBcc: x\r\n', ['text|\r\nBcc: x\r\n']],
  ] as const)
    it(`${what} has these lines, cut at every octet`, () => {
      const bytes = Buffer.from(header, 'latin1');
      expect(scanned([bytes])).to.deep.equal(lines);
      expect(scanned(byteByByte(bytes))).to.deep.equal(lines);
      for (let at = 1; at < bytes.length; at++) expect(scanned(cut(bytes, [at])), `cut at ${at}`).to.deep.equal(lines);
    });

  const line = fc.constantFrom(
    ...['Subject: x', 'subject :', 'RECEIVED: y', 'Bcc', 'bcc:', 'Bccs: x', 'a:', ' folded', '\tBcc: z', ''],
    ...['\r', '\rx', ': x', 'no field', 'é: x', '\0: x', 'X: \r y', `${'long'.repeat(100)}: x`],
  );
  const end = fc.constantFrom('\r\n', '\n', '\r');
  const header = fc
    .array(fc.tuple(line, end), { maxLength: 12 })
    .map((several) => several.map(([text, ended]) => text + ended).join(''));

  it('is what the reference says, whatever ends its lines and wherever it is cut', () =>
    fc.assert(
      fc.property(header, cuts, (text, at) => {
        const bytes = Buffer.from(text);
        const lines = naive(bytes.toString('latin1'));
        expect(scanned(cut(bytes, at))).to.deep.equal(lines);
        expect(scanned(byteByByte(bytes))).to.deep.equal(lines);
      }),
      { numRuns: 3000 },
    ));

  it('of any octets is the same wherever it is cut, and every octet is in it', () =>
    fc.assert(
      fc.property(octets, cuts, (bytes, at) => {
        const lines = scanned([bytes]);
        expect(scanned(cut(bytes, at))).to.deep.equal(lines);
        const whole = lines.map((each) => each.slice(each.indexOf('|') + 1)).join('');
        expect(whole).to.equal(Buffer.from(bytes).toString('latin1'));
      }),
      { numRuns: 3000 },
    ));

  it('is handed over as it comes: no more is held than the beginning of a line', () => {
    let handed = 0;
    const scanner = new HeaderScanner({ octets: (_, from, to) => void (handed += to - from) }, WANTED);
    for (let sent = 1; sent <= 100_000; sent++) {
      scanner.scan(Buffer.from('x'));
      expect(sent - handed).to.be.below(998);
    }
  });
});
