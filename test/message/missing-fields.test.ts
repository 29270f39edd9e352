/** What a submitted message's header becomes: by its words, against a reference that sees it whole, and cut anywhere. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { missingFields } from '../../src/message/missing-fields.js';
import { MessageStart } from '../../src/message/message-start.js';
import { localDateTime, fieldsFor } from '../../src/smtp/submission.js';
import { cut, cuts, octets } from '../support/dialogue-property.js';
import { taken, through } from '../support/through.js';

const DATE = 'Date: Mon, 23 Nov 2026 08:00:00 +0100\r\n';
const ID = 'Message-ID: <1@mx.example.org>\r\n';

/** As a message goes through both on its way to the store. */
function completed(pieces: readonly Uint8Array[]): Buffer {
  const stages = [new MessageStart(), missingFields({ date: DATE, messageId: ID })];
  return Buffer.concat(through(stages, pieces));
}

function text(message: string): string {
  return completed([Buffer.from(message)]).toString();
}

function byteByByte(bytes: Uint8Array): Buffer {
  return completed(Array.from(bytes, (byte) => Uint8Array.of(byte)));
}

const FIELD = /^([!-9;-~]+)[ \t]*:/;

/** The same, of a message that lies there whole and has lines shorter than any limit. */
function reference(message: string): string {
  const added = (fields: readonly string[]) =>
    (fields.includes('date') ? '' : DATE) + (fields.includes('message-id') ? '' : ID);
  const names: string[] = [];
  let becomes = '';
  let [dropping, ended] = [false, false];
  const lines = linesOf(begun(message));
  for (const [at, line] of lines.entries()) {
    if (line === '\r\n') return becomes + (ended ? '' : added(names)) + lines.slice(at).join('');
    if (!/^[ \t]/.test(line)) {
      const name = FIELD.exec(line)?.[1]?.toLowerCase() ?? '';
      if (name === '' && !ended) becomes += `${added(names)}\r\n`;
      ended ||= name === '';
      names.push(name);
      dropping = name === 'bcc' || name === 'resent-bcc';
    }
    if (!dropping) becomes += line;
  }
  if (ended) return becomes;
  const between = added(names) === '' || becomes === '' || becomes.endsWith('\r\n') ? '' : '\r\n';
  return becomes + between + added(names) + (message === '' ? '\r\n' : '');
}

/** With a first line of mailbox files as a field, and an empty line before what is text from the beginning. */
function begun(message: string): string {
  const lines = linesOf(message);
  const isField = (line: string) => FIELD.test(line);
  const first = lines.findIndex((line) => isField(line) || !/^>*From /.test(line));
  const before = lines.slice(0, first === -1 ? lines.length : first).map((line) => `X-Mailbox-Line: ${line}`);
  const rest = first === -1 ? [] : lines.slice(first);
  const empty = rest[0] === undefined || rest[0] === '\r\n' || isField(rest[0]) ? '' : '\r\n';
  return before.join('') + empty + rest.join('');
}

function linesOf(message: string): readonly string[] {
  return message === '' ? [] : message.split(/(?<=\r\n)(?!$)/);
}

const HEADER = `From: a@b\r\n${DATE}${ID}`;

describe('the header of a submitted message', () => {
  for (const [what, message, becomes] of [
    ['that is complete stays as it is', `${HEADER}\r\ntext\r\n`, `${HEADER}\r\ntext\r\n`],
    [
      'without Date and Message-ID gets both, last',
      'From: a@b\r\n\r\ntext\r\n',
      `From: a@b\r\n${DATE}${ID}\r\ntext\r\n`,
    ],
    ['without Date gets one', `${ID}\r\n`, `${ID}${DATE}\r\n`],
    ['without Message-ID gets one', `${DATE}\r\n`, `${DATE}${ID}\r\n`],
    ['counts names in any case', 'DATE: x\r\nmessage-id: y\r\n\r\n', 'DATE: x\r\nmessage-id: y\r\n\r\n'],
    ['counts names with blanks', 'Date \t: x\r\nMessage-Id :y\r\n\r\n', 'Date \t: x\r\nMessage-Id :y\r\n\r\n'],
    ['does not take Resent fields for its own', 'Resent-Date: x\r\n\r\n', `Resent-Date: x\r\n${DATE}${ID}\r\n`],
    ['loses Resent-Bcc', `${HEADER}Resent-Bcc: x\r\n\r\n`, `${HEADER}\r\n`],
    ['loses Bcc', `Bcc: x\r\n${HEADER}\r\n`, `${HEADER}\r\n`],
    ['loses every Bcc', `bcc: x\r\n${HEADER}BCC \t : y\r\nBcC:\r\n\r\n`, `${HEADER}\r\n`],
    ['loses its folded lines', `Bcc: x,\r\n y,\r\n\tz\r\n${HEADER} w\r\n\r\n`, `${HEADER} w\r\n\r\n`],
    ['keeps what only begins like it', `${HEADER}Bccs: x\r\nBc: y\r\n\r\n`, `${HEADER}Bccs: x\r\nBc: y\r\n\r\n`],
    ['keeps Bcc inside another field', `${HEADER}To: x,\r\n Bcc: y\r\n\r\n`, `${HEADER}To: x,\r\n Bcc: y\r\n\r\n`],
    ['keeps Bcc in the text', `${HEADER}\r\nBcc: y\r\n`, `${HEADER}\r\nBcc: y\r\n`],
    ['that is nothing but Bcc is made anew', 'Bcc: x\r\n\r\ntext', `${DATE}${ID}\r\ntext`],
    ['looks for Date in the header only', 'X: y\r\n\r\nDate: z\r\n', `X: y\r\n${DATE}${ID}\r\nDate: z\r\n`],
    ['that is not there is made', '\r\ntext\r\n', `${DATE}${ID}\r\ntext\r\n`],
    ['is made for text alone', 'Hello there\r\nBcc: x\r\n', `${DATE}${ID}\r\nHello there\r\nBcc: x\r\n`],
    ['is made for text that begins with a blank', ' x: y\r\n', `${DATE}${ID}\r\n x: y\r\n`],
    ['is made for text that begins with a colon', ': x\r\n', `${DATE}${ID}\r\n: x\r\n`],
    ['is made for text in another alphabet', 'Grüße: x\r\n', `${DATE}${ID}\r\nGrüße: x\r\n`],
    ['is made for a message of nothing', '', `${DATE}${ID}\r\n`],
    ['is made for a word', 'Hello', `${DATE}${ID}\r\nHello`],
    ['that nothing follows is completed at its end', 'X: y\r\n', `X: y\r\n${DATE}${ID}`],
    ['that breaks off is completed behind it', 'X: y', `X: y\r\n${DATE}${ID}`],
    ['that breaks off in a Bcc loses it', `${HEADER}Bcc: y`, HEADER],
    ['that breaks off in a name keeps it as text', `${HEADER}Bcc`, `${HEADER}\r\nBcc`],
    ['ends before a line that is no field', `X: y\r\nHello there\r\n`, `X: y\r\n${DATE}${ID}\r\nHello there\r\n`],
    [
      'loses a Bcc behind such a line too, until it is empty',
      `X: y\r\nwhat is this\r\n folded\r\nBcc: x,\r\n z\r\nDate: w\r\n\r\nBcc: text\r\n`,
      `X: y\r\n${DATE}${ID}\r\nwhat is this\r\n folded\r\nDate: w\r\n\r\nBcc: text\r\n`,
    ],
    [
      'has the line of a mailbox file as a field',
      `From a@b Mon Jul 29 09:00:00 2024\r\n>From c\r\n${HEADER}\r\ntext\r\n`,
      `X-Mailbox-Line: From a@b Mon Jul 29 09:00:00 2024\r\nX-Mailbox-Line: >From c\r\n${HEADER}\r\ntext\r\n`,
    ],
    ['ends before such a line in its midst', `${HEADER}From a\r\nTo: b\r\n`, `${HEADER}\r\nFrom a\r\nTo: b\r\n`],
  ] as const)
    it(`${what}, wherever it is cut`, () => {
      expect(text(message)).to.equal(becomes);
      expect(byteByByte(Buffer.from(message)).toString()).to.equal(becomes);
      expect(reference(message)).to.equal(becomes);
    });

  it('holds no more than the beginning of a line', () => {
    const long = 'x'.repeat(3_000_000);
    expect(text(`${long}: y\r\n\r\n`)).to.equal(`${DATE}${ID}\r\n${long}: y\r\n\r\n`);
    expect(text(`X: y\r\n${long}: y\r\n\r\n`)).to.equal(`X: y\r\n${DATE}${ID}\r\n${long}: y\r\n\r\n`);
    expect(text(`${HEADER}Bcc: ${long}\r\n ${long}\r\n\r\n${long}`)).to.equal(`${HEADER}\r\n${long}`);
    const fields = missingFields({ date: DATE, messageId: ID });
    const kept = Array.from({ length: 3000 }, () => taken(fields, Buffer.from('x')).length);
    expect(kept.lastIndexOf(0)).to.be.below(1000);
  });

  it('loses a Bcc whose colon is further away than a line may be long', () => {
    const message = Buffer.from(`${HEADER}Bcc${' '.repeat(5000)}: x\r\n\r\n`);
    expect(completed([message]).toString()).to.equal(`${HEADER}\r\n`);
    expect(byteByByte(message).toString()).to.equal(`${HEADER}\r\n`);
  });

  it('keeps the pieces few, since each costs memory until it is stored', () => {
    const fields = missingFields({ date: DATE, messageId: ID });
    expect(taken(fields, Buffer.from('a:\r\n'.repeat(10_000)))).to.have.length(1);
  });

  const line = fc.oneof(
    fc.constantFrom('Bcc: x', 'bCC \t:', ' folded', '\tBcc: folded', 'Bcc', 'Bcc x', 'Bccs: x', 'Resent-Bcc: x', ''),
    fc.constantFrom(
      'Date: x',
      'DATE:',
      'Date',
      'Message-ID: x',
      'message-id : y',
      'Resent-Message-ID: z',
      'Subject: s',
    ),
    fc.constantFrom(
      'text',
      ': x',
      'é: x',
      '.',
      'Received: x',
      'From x',
      '>>From x',
      'From',
      'From : x',
      `${'long'.repeat(100)}: x`,
      '\0: x',
    ),
  );
  const message = fc
    .tuple(fc.array(line, { maxLength: 10 }), fc.boolean())
    .map(([several, whole]) => several.join('\r\n') + (whole && several.length > 0 ? '\r\n' : ''));

  it('is what the reference says, for any header cut anywhere', () =>
    fc.assert(
      fc.property(message, cuts, (sent, at) => {
        const bytes = Buffer.from(sent);
        expect(completed(cut(bytes, at)).toString()).to.equal(reference(sent));
        expect(byteByByte(bytes).toString()).to.equal(reference(sent));
      }),
      { numRuns: 5000 },
    ));

  it('does not depend on the cuts, whatever the bytes', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          octets,
          message.map((sent) => Buffer.from(sent)),
        ),
        cuts,
        (bytes, at) => {
          expect(completed(cut(bytes, at)).toString('latin1')).to.equal(completed([bytes]).toString('latin1'));
        },
      ),
      { numRuns: 5000 },
    ));

  it('keeps every byte, but for Bcc: an empty line before what is no field is taken away again', () =>
    fc.assert(
      fc.property(octets, cuts, (bytes, at) => {
        const sent = Buffer.concat([Buffer.from(HEADER), bytes]).toString('latin1');
        fc.pre(!/bcc/i.test(sent));
        const became = completed(cut(Buffer.from(sent, 'latin1'), at)).toString('latin1');
        const ended = Array.from(became).findIndex((byte, index) => byte !== sent[index]);
        if (became.length === sent.length) expect(became).to.equal(sent);
        else expect(became.slice(0, ended) + became.slice(ended + 2)).to.equal(sent);
      }),
      { numRuns: 2000 },
    ));
});

describe('what is added', () => {
  it('is a Date that says the moment in the zone of the server', () => {
    const zone = process.env['TZ'];
    try {
      for (const [name, shown] of [
        ['UTC', 'Tue, 03 Feb 2026 04:05:06 +0000'],
        ['Asia/Kolkata', 'Tue, 03 Feb 2026 09:35:06 +0530'],
        ['America/St_Johns', 'Tue, 03 Feb 2026 00:35:06 -0330'],
        ['Pacific/Auckland', 'Tue, 03 Feb 2026 17:05:06 +1300'],
      ] as const) {
        process.env['TZ'] = name;
        const atMs = Date.UTC(2026, 1, 3, 4, 5, 6, 789);
        expect(localDateTime(atMs), name).to.equal(shown);
        expect(Date.parse(localDateTime(atMs)), name).to.equal(Math.floor(atMs / 1000) * 1000);
      }
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });

  it('is a Message-ID that no other message has', () => {
    const ids = Array.from({ length: 1000 }, () => fieldsFor('same', 'mx.example.org', 0).messageId);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const id of ids) expect(id).to.match(/^Message-ID: <same\.[0-9a-f]{16}@mx\.example\.org>\r\n$/);
  });
});
