/**
 * What people read of header fields and texts: raw octets and encoded words in the charsets that mail really has, right and wrong, in
 * the summary of a message, in the view and in `mail list`. The message itself stays as it came.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { decode, encodingOf } from '../../src/message/charset.js';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { summarize } from '../../src/message/summary.js';
import { decodeText } from '../../src/message/text.js';
import { inEmptyDirectory, pennypost } from '../cli/pennypost.js';

/** Octets stand there as characters, one each; ends of lines as LF. */
function octets(message: string): Buffer {
  return Buffer.from(message.replaceAll('\n', '\r\n'), 'latin1');
}

function utf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function subjectOf(value: string, fields = ''): string | undefined {
  return summarize(octets(`Subject: ${value}\n${fields}\n`)).subject;
}

const KOI8 = '\xf0\xd2\xc9\xd7\xc5\xd4';
const of = (charset: string) => `Content-Type: text/plain; charset=${charset}\n`;
const inParts = (...types: readonly string[]) =>
  `Content-Type: multipart/mixed; boundary=b\n\npreamble\n${types.map((type) => `--b\n${type}\n\ntext\n`).join('')}--b--\n`;

const raw: readonly (readonly [what: string, value: string, text: string, fields?: string])[] = [
  ['UTF-8', utf8('Grüße €'), 'Grüße €'],
  ['UTF-8, whatever the message names', utf8('Grüße'), 'Grüße', of('koi8-r')],
  ['UTF-8 that was cut inside a character', `${utf8('Grüße aus Köln ')}\xc3`, 'Grüße aus Köln \ufffd'],
  ['ISO-8859-1', 'Gr\xfc\xdfe', 'Grüße'],
  ['Windows-1252', '\x93Caf\xe9\x94 \x96 10 \x80', '“Café” – 10 €'],
  ['Windows-1252 that is called ISO-8859-1', '\x93Caf\xe9\x94', '“Café”', of('iso-8859-1')],
  ['Windows-1252 that is called ASCII', 'Caf\xe9', 'Café', of('us-ascii')],
  ['Windows-1252 beside a text in UTF-8', 'Caf\xe9', 'Café', of('utf-8')],
  ['Windows-1252 where nobody knows the charset', 'Caf\xe9', 'Café', of('x-unknown')],
  ['the charset that the message names', KOI8, 'Привет', of('koi8-r')],
  ['that charset in quotes', KOI8, 'Привет', of('"KOI8-R"; format=flowed')],
  ['that charset on a line of its own', KOI8, 'Привет', 'Content-Type: text/plain;\n\tcharset=koi8-r\n'],
  ['that charset as RFC 2231 writes it', KOI8, 'Привет', "Content-Type: text/plain; charset*=us-ascii'en'koi8-r\n"],
  ['the charset of the first text part', KOI8, 'Привет', inParts('Content-Type: image/png', of('koi8-r').trim())],
  ['the charset of a folded part', KOI8, 'Привет', inParts('X: y\nContent-Type: text/html;\n charset="koi8-r"')],
  ['no charset of an attachment', 'Caf\xe9', 'Café', inParts('Content-Type: application/x; charset=koi8-r')],
  ['ISO-2022-JP in seven bits', '\x1b$B$3$s\x1b(B x', 'こん x', of('iso-2022-jp')],
  ['a blank that is no blank', utf8('voilà'), 'voilà'],
  ['beside encoded words', '=?utf-8?q?=C3=BC?= \xfc', 'ü ü'],
];

const words: readonly (readonly [what: string, value: string, text: string])[] = [
  ['Q', '=?iso-8859-1?Q?Gr=FC=DFe_x?=', 'Grüße x'],
  ['B', '=?UTF-8?B?R3LDvMOfZQ==?=', 'Grüße'],
  ['ISO-8859-1 that is Windows-1252', '=?iso-8859-1?Q?=93Caf=E9=94_=80?=', '“Café” €'],
  ['ASCII that is Windows-1252', '=?us-ascii?Q?Caf=E9?=', 'Café'],
  ['UTF-8 that is Windows-1252', '=?utf-8?Q?Caf=E9_=80?=', 'Café €'],
  ['a charset that nobody knows', '=?x-unknown?Q?Caf=E9?=', 'Café'],
  ['a charset that nobody knows, with UTF-8 in it', '=?unknown-8bit?Q?Gr=C3=BC=C3=9Fe?=', 'Grüße'],
  ['a character over two words', '=?utf-8?Q?Gr=C3?=\n =?utf-8?Q?=BC=C3=9Fe?=', 'Grüße'],
  ['a character over two words in B', '=?utf-8?B?R3LD?= =?UTF-8?B?vMOfZQ==?=', 'Grüße'],
  ['a character over two padded words', '=?utf-8?B?R3LDvA==?= =?utf-8?B?ww==?= =?utf-8?B?n2U=?=', 'Grüße'],
  ['a character over words of both encodings', '=?utf-8?Q?Gr=C3?= =?utf-8?B?vMOfZQ==?=', 'Grüße'],
  ['a character of two octets over two words', '=?shift_jis?B?gw==?= =?shift_jis?B?XA==?=', 'ソ'],
  ['no padding', '=?utf-8?B?R3LDvMOfZQ?=', 'Grüße'],
  ['no padding between words', '=?utf-8?B?w7w?= =?utf-8?B?w7w?=', 'üü'],
  ['base64 that was cut anywhere', '=?utf-8?B?R3LDvM?= =?utf-8?B?OfZQ==?=', 'Grüße'],
  ['base64 with blanks', '=?utf-8?B?R3LD vMOf\n ZQ==?=', 'Grüße'],
  ['base64 with padding in the middle', '=?utf-8?B?R3I=w7zDn2U=?=', 'Grüße'],
  ['base64 for addresses of the web', '=?utf-8?B?4oCcPz8_4oCd?=', '“???”'],
  ['a language', '=?iso-8859-1*de?Q?Gr=FC=DFe?=', 'Grüße'],
  ['blanks and question marks inside', '=?utf-8?Q?Gr=C3=BC=C3=9Fe an alle? Ja?=', 'Grüße an alle? Ja'],
  ['a line that was folded inside', '=?utf-8?Q?Gr=C3=\n BC=C3=9Fe?=', 'Grüße'],
  ['raw octets inside', '=?iso-8859-1?Q?Gr\xfc\xdfe?=', 'Grüße'],
  ['no blank between words', '=?utf-8?Q?Gr=C3=BC?==?utf-8?Q?=C3=9Fe?=', 'Grüße'],
  ['words beside text', 'Re: =?utf-8?Q?=C3=BC?= a =?utf-8?Q?=C3=A4?=b', 'Re: ü a äb'],
  ['two charsets', '=?koi8-r?B?8NLJ18XU?= =?big5?B?p0E=?=', 'Привет你'],
  ['a word that was cut off', '=?utf-8?Q?Gr=C3=BC=C3=9Fe_a', 'Grüße a'],
  ['a word that does not end before the next', '=?utf-8?Q?a =?utf-8?Q?=C3=BC?=', '=?utf-8?Q?a ü'],
  ['what is no word', '=?utf-8?X?a?= =?? =?utf-8? ?q?=', '=?utf-8?X?a?= =?? =?utf-8? ?q?='],
  ['nothing', '=?utf-8?Q??= =?utf-8?B??=x', 'x'],
  [
    'a word that is longer than it may be',
    `=?utf-8?B?${Buffer.from('ü'.repeat(300)).toString('base64')}?=`,
    'ü'.repeat(300),
  ],
];

const labels: readonly (readonly [label: string, encoding: string | undefined])[] = [
  ['latin1', 'windows-1252'],
  ['ISO_8859-1:1987', 'windows-1252'],
  ['iso8859-1', 'windows-1252'],
  ['cp1252', 'windows-1252'],
  ['x-cp1252', 'windows-1252'],
  ['Windows1251', 'windows-1251'],
  ['win-1251', 'windows-1251'],
  ['csISOLatin2', 'iso-8859-2'],
  ['iso-8859-9', 'windows-1254'],
  ['csISOLatinCyrillic', 'iso-8859-5'],
  ['ISO-8859-8-I', 'iso-8859-8-i'],
  ['TIS-620', 'windows-874'],
  ['koi8', 'koi8-r'],
  ['cp866', 'ibm866'],
  ['x-mac-roman', 'macintosh'],
  ['gb2312', 'gb18030'],
  ['x-gbk', 'gb18030'],
  ['GB_2312-80', 'gb18030'],
  ['cp936', 'gb18030'],
  ['x-x-big5', 'big5'],
  ['x-sjis', 'shift_jis'],
  ['Windows-31J', 'shift_jis'],
  ['ms932', 'shift_jis'],
  ['ISO-2022-JP-MS', 'iso-2022-jp'],
  ['ks_c_5601-1987', 'euc-kr'],
  ['cp949', 'euc-kr'],
  ['UTF8', 'utf-8'],
  ['unicode-1-1-utf-8', 'utf-8'],
  ['utf-16', 'utf-16le'],
  ['us-ascii', undefined],
  ['ANSI_X3.4-1968', undefined],
  ['utf-7', undefined],
  ['constructor', undefined],
  ['', undefined],
  ['x'.repeat(1000), undefined],
];

const bodies: readonly (readonly [what: string, message: string, text: string])[] = [
  ['Windows-1252 that is called ISO-8859-1', `${of('iso-8859-1')}\n\x93Caf\xe9\x94 \x80\n`, '“Café” €'],
  [
    'the same in quoted-printable',
    `${of('iso-8859-1')}Content-Transfer-Encoding: quoted-printable\n\n=93=80=94\n`,
    '“€”',
  ],
  ['Windows-1252 that is called ASCII', `${of('us-ascii')}\nCaf\xe9 \x80\n`, 'Café €'],
  ['octets without a charset', '\nCaf\xe9 \x80\n', 'Café €'],
  ['octets without a charset in a part', inParts('X: y').replace('text', 'Caf\xe9'), 'Café'],
  ['a charset that nobody knows', `${of('nonsuch')}\nCaf\xe9\n`, 'Café'],
  ['UTF-8 that is not all right', `${of('utf-8')}\n${utf8('Grüße')} \xff\n`, 'Grüße \ufffd'],
  ['no UTF-8 that is called so', `${of('utf-8')}\nCaf\xe9\n`, 'Café'],
  ['GBK that is called GB2312', `${of('gb2312')}\n\xe9F\x80\n`, '镕€'],
  ['KS C 5601', `${of('ks_c_5601-1987')}\n\xc7\xd1\xb1\xdb\n`, '한글'],
  [
    'UTF-16 by its mark',
    'Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\n/v8A/CCs\n',
    'ü€',
  ],
  [
    'HTML that names its charset itself',
    'Content-Type: text/html\n\n<html><meta http-equiv=x content="text/html; charset=koi8-r">\xf0\xd2\xc9\xd7\xc5\xd4</html>\n',
    'Привет',
  ],
  [
    'HTML with characters by their names',
    'Content-Type: text/html\n\n&Uuml;&uuml;&eacute;&euro;&nonsuch;\n',
    'Üüé€&nonsuch;',
  ],
  ['HTML with Windows-1252 in numbers', 'Content-Type: text/html\n\n&#147;&#x80;&#148;&#129;\n', '“€”'],
];

describe('a header field for people', () => {
  for (const [what, value, text, fields] of raw)
    it(`has raw octets: ${what}`, () => expect(subjectOf(value, fields)).to.equal(text));

  for (const [what, value, text] of words)
    it(`has encoded words: ${what}`, () => expect(subjectOf(value)).to.equal(text.slice(0, 1000)));

  it('is every field that is shown', () => {
    const message = octets(
      'From: J\xf6rg <a@b>\nTo: "Ren\xe9" <c@d>\nDate: Mi, 1 M\xe4r 2000\nMessage-ID: <\xe9@x>\n\n',
    );
    const { from, to, date, messageId } = summarize(message);
    expect([from, to, date, messageId]).to.deep.equal(['Jörg <a@b>', '"René" <c@d>', 'Mi, 1 Mär 2000', '<é@x>']);
  });

  it('has no control characters that were octets of a charset', () => {
    expect(subjectOf('a\x9b31m\x81b')).to.equal('a›31mb');
    expect(subjectOf('=?utf-16le?B?GwBbAA==?=')).to.equal('[');
  });

  it('may have blanks before its colon, as RFC 5322 §4.5 has it, and the first of a name counts', () => {
    const { subject, from } = summarize(octets('Subject \t: one\n two\nSubject: three\nFrom : a@b\n\n'));
    expect([subject, from]).to.deep.equal(['one two', 'a@b']);
    for (const rest of ['', 'To: x\n'])
      expect(summarize(octets(`Subject${' '.repeat(1000)}\n${rest}\n`)).subject, rest).to.equal('');
  });

  it('has the shortest and the longest that it may', () => {
    expect(subjectOf('')).to.equal('');
    expect(subjectOf('\xfc'.repeat(5000))).to.equal('ü'.repeat(1000));
  });
});

describe('names of charsets', () => {
  for (const [label, encoding] of labels)
    it(`${label.slice(0, 40)} is ${encoding ?? 'no charset'}`, () => expect(encodingOf(label)).to.equal(encoding));

  it('are all known to this Node', () => {
    const octet = Buffer.from('a');
    for (const [label, encoding] of labels)
      if (encoding !== undefined && !encoding.startsWith('utf-16')) expect(decode(octet, label), label).to.equal('a');
  });
});

describe('a text for people', () => {
  for (const [what, message, text] of bodies)
    it(`is ${what}`, async () => expect((await decodeText(octets(message)))?.text?.trim()).to.equal(text));

  it('is decoded where its octets are no UTF-8, and stays as it is where they are', () => {
    expect(summarize(octets('Subject: x\n\nCaf\xe9\n')).decodes).to.equal(true);
    expect(summarize(octets('Subject: Caf\xe9\n\ntext\n')).decodes).to.equal(false);
    expect(summarize(octets(`${of('utf8')}\n${utf8('ü')}\n`)).decodes).to.equal(false);
    expect(summarize(octets(`${of('koi8-r')}\ntext\n`)).decodes).to.equal(true);
  });
});

describe('a message that came in ISO-8859-1', () => {
  it("is read in the view and by 'mail list', and is shown octet by octet", () =>
    inEmptyDirectory(async (directory) => {
      const message = octets('From: J\xf6rg <j@example.org>\nSubject: Gr\xfc\xdfe \x80\n\n\x93Caf\xe9\x94\n');
      await writeFile(join(directory, 'message'), message);
      const at = { directory };
      await pennypost(['account', 'add', 'alice@localhost', '--password-stdin'], { ...at, input: 'correct horse' });
      const sent = await pennypost(['mail', 'send', '--file', 'message', 'alice@localhost'], at);
      expect(sent.status, sent.stderr).to.equal(0);
      const listed = await pennypost(['mail', 'list', '--json', 'alice@localhost'], at);
      const [one] = JSON.parse(Buffer.from(listed.stdout, 'latin1').toString()) as Record<string, unknown>[];
      expect(one).to.include({ from: 'Jörg <j@example.org>', subject: 'Grüße €' });
      const db = join(directory, 'mail.db');
      await (await sqlite.open(db)).close();
      const connection = openConnection(db, { readonly: true });
      const [row] = connection.prepare('select "from", subject from mail').raw().all();
      connection.close();
      expect(row).to.deep.equal(['Jörg <j@example.org>', 'Grüße €']);
      const shown = await pennypost(['mail', 'show', 'alice@localhost', '1'], at);
      expect(Buffer.from(shown.stdout, 'latin1').includes(message)).to.equal(true);
    }));
});
