/** What is made right in a device's mail: lines that are too long, an author of its own, fields that are missing. Cut anywhere. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { LINE_LIMIT_OCTETS, LongLines } from '../../src/message/long-lines.js';
import { missingFields } from '../../src/message/missing-fields.js';
import { senderField } from '../../src/message/sender-field.js';
import type { Stage } from '../../src/message/stage.js';
import { through } from '../support/through.js';

const OWN = 'scanner@example.org';

function run(make: () => Stage<never>, text: string): string {
  const bytes = Buffer.from(text);
  const whole = Buffer.concat(through([make()], [bytes])).toString();
  const bits = Array.from(bytes, (byte) => Uint8Array.of(byte));
  expect(Buffer.concat(through([make()], bits)).toString(), 'byte by byte').to.equal(whole);
  return whole;
}

describe('long lines of a device', () => {
  const broken = (text: string) => run(() => new LongLines(() => undefined), text);
  const x = (count: number) => 'x'.repeat(count);

  it('stay as they are up to 998 octets', () => {
    const text = `${x(998)}\r\n\r\n${x(998)}`;
    expect(broken(text)).to.equal(text);
  });

  it('are broken by a CRLF and a space, each piece as long as may be', () => {
    expect(broken(`a\r\n${x(999)}\r\nb\r\n`)).to.equal(`a\r\n${x(998)}\r\n ${x(1)}\r\nb\r\n`);
    expect(broken(`${x(998 + 997 + 5)}\r\n`)).to.equal(`${x(998)}\r\n ${x(997)}\r\n ${x(5)}\r\n`);
  });

  it('are noticed', () => {
    let count = 0;
    through([new LongLines(() => (count += 1))], [Buffer.from(`${x(998)}\r\n${x(3000)}\r\n`)]);
    expect(count).to.equal(3);
  });

  it('are not broken inside a character, where the whole of it is there', () => {
    const text = `${x(997)}é${x(10)}\r\n`;
    const out = Buffer.concat(through([new LongLines(() => undefined)], [Buffer.from(text)])).toString();
    expect(out).to.equal(`${x(997)}\r\n é${x(10)}\r\n`);
  });

  it('lose nothing, and none is left', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4000 }), { maxLength: 6 }), (lengths) => {
        const text = lengths.map((length) => `${x(length)}\r\n`).join('');
        const out = Buffer.concat(through([new LongLines(() => undefined)], [Buffer.from(text)])).toString();
        expect(out.split('\r\n').every((line) => line.length <= LINE_LIMIT_OCTETS)).to.equal(true);
        expect(out.replaceAll('\r\n ', '')).to.equal(text);
      }),
    );
  });
});

describe("a device's own From", () => {
  const replaced = (text: string) => run(() => senderField(OWN, () => undefined), text);
  const FROM = `From: <${OWN}>\r\n`;

  const cases: readonly (readonly [what: string, given: string, becomes: string])[] = [
    ['answers go on to whom it named', 'From: a@b\r\nTo: c\r\n\r\nx', `To: c\r\n${FROM}Reply-To: a@b\r\n\r\nx`],
    ['a Reply-To stays', 'Reply-To: r@s\r\nFrom: a@b\r\n\r\n', `Reply-To: r@s\r\n${FROM}\r\n`],
    [
      'folded and named',
      'FROM: "A, B"\r\n <a@b>\r\nTo: c\r\n\r\n',
      `To: c\r\n${FROM}Reply-To: "A, B"\r\n <a@b>\r\n\r\n`,
    ],
    ['none at all', 'To: c\r\n\r\nx', `To: c\r\n${FROM}\r\nx`],
    ['several', 'From: a@b\r\nFrom: c@d\r\n\r\n', `${FROM}Reply-To: a@b\r\n\r\n`],
    [
      'already its own',
      `From: Scanner <Scanner@example.org>\r\nTo: c\r\n\r\n`,
      `To: c\r\nFrom: Scanner <Scanner@example.org>\r\n\r\n`,
    ],
    [
      'another before its own',
      `From: ceo@example.org, <${OWN}>\r\n\r\n`,
      `${FROM}Reply-To: ceo@example.org, <${OWN}>\r\n\r\n`,
    ],
    ['two in brackets', `From: <a@b> <${OWN}>\r\n\r\n`, `${FROM}\r\n`],
    ['no address', 'From: root\r\n\r\n', `${FROM}\r\n`],
    ['a name alone', 'From: "Scanner 3" (floor 2)\r\n\r\n', `${FROM}\r\n`],
    ['a quote that nothing ends', 'From: "Scanner <a@b>\r\n\r\n', `${FROM}\r\n`],
    ['a list with one that is none', 'From: a@b, root\r\n\r\n', `${FROM}\r\n`],
    ['quotes and a comment', 'From: "A, <B>" (x) <a@b>\r\n\r\n', `${FROM}Reply-To: "A, <B>" (x) <a@b>\r\n\r\n`],
    ['bare', `From: ${OWN}\r\n\r\n`, `From: ${OWN}\r\n\r\n`],
    ['a longer address that ends alike', `From: x${OWN}\r\n\r\n`, `${FROM}Reply-To: x${OWN}\r\n\r\n`],
    ['no text', 'From: a@b', `${FROM}Reply-To: a@b\r\n`],
    ['no line end', 'To: c', `To: c\r\n${FROM}`],
    [
      'text without an empty line',
      'From: a@b\r\nHello there\r\nFrom: me\r\n',
      `${FROM}Reply-To: a@b\r\nHello there\r\nFrom: me\r\n`,
    ],
    ['From in the text', 'From: a@b\r\n\r\nFrom: c@d\r\n', `${FROM}Reply-To: a@b\r\n\r\nFrom: c@d\r\n`],
    ['empty', 'From:\r\nTo: c\r\n\r\n', `To: c\r\n${FROM}\r\n`],
  ];
  for (const [what, given, becomes] of cases) it(what, () => expect(replaced(given)).to.equal(becomes));

  it('holds no more of a From than a few KiB', () => {
    const long = `From: a@b,\r\n${' a@b,\r\n'.repeat(5000)}To: c\r\n\r\n`;
    expect(replaced(long)).to.equal(`To: c\r\n${FROM}\r\n`);
  });

  it('is noticed when it is another', () => {
    let count = 0;
    const make = () => senderField(OWN, () => (count += 1));
    through([make()], [Buffer.from('From: a@b\r\n\r\n')]);
    through([make()], [Buffer.from(`From: ${OWN}\r\n\r\n`)]);
    expect(count).to.equal(1);
  });
});

describe('fields that a device leaves out', () => {
  const added: string[] = [];
  const missing = {
    ...{
      date: 'Date: d\r\n',
      messageId: 'Message-ID: <i>\r\n',
      from: 'From: f\r\n',
      mimeVersion: 'MIME-Version: 1.0\r\n',
    },
    added: (name: string) => void added.push(name),
  };
  const completed = (text: string) => {
    added.splice(0);
    return Buffer.concat(through([missingFields(missing)], [Buffer.from(text)])).toString();
  };

  it('come behind the others, each once', () => {
    expect(completed('Subject: s\r\n\r\nx')).to.equal('Subject: s\r\nFrom: f\r\nDate: d\r\nMessage-ID: <i>\r\n\r\nx');
    expect(added).to.deep.equal(['from', 'date', 'message-id']);
  });

  it('are no fields of MIME unless the text has a type', () => {
    const header = 'From: a\r\nDate: b\r\nMessage-ID: c\r\n';
    expect(completed(`${header}Content-Type: text/plain\r\n\r\n`)).to.equal(
      `${header}Content-Type: text/plain\r\nMIME-Version: 1.0\r\n\r\n`,
    );
    expect(added).to.deep.equal(['mime-version']);
    expect(completed(`${header}Mime-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n`)).to.not.contain('MIME-Version');
    expect(completed(`${header}\r\n`)).to.equal(`${header}\r\n`);
    expect(added).to.deep.equal([]);
  });
});
