/**
 * The text of MIME messages as people read it, and what hostile ones cost: each is as long as a chunk may be, and must be read
 * or given up in a time that is generous for its length, and hopeless for its square.
 */
import { expect } from 'chai';
import { summarize } from '../../src/message/summary.js';
import { decodeText } from '../../src/message/text.js';

const CHUNK = 256 * 1024;
/** Of the library's work the most is a second here; what is not linear takes from half a minute to hours. */
const LIMIT_MS = 8_000;
const TIMEOUT_MS = 60_000;

function octets(lines: string, encoding: BufferEncoding = 'utf8'): Buffer {
  return Buffer.from(lines.replaceAll('\n', '\r\n'), encoding);
}

/** `text` again and again, to the length of a chunk. */
function filled(head: string, text: string, length = CHUNK): Buffer {
  const room = length - head.length;
  return Buffer.from(head + text.repeat(Math.ceil(room / text.length)).slice(0, room), 'latin1');
}

const PARTS = 'Content-Type: multipart/mixed; boundary=b\n\n';

const texts: readonly (readonly [what: string, message: string, text: string | undefined])[] = [
  ['a part of its own', `${PARTS}--b\n\none\n--b\nContent-Type: text/html\n\n<p>two</p>\n--b--\n`, 'one\n\ntwo'],
  [
    'the plain of two alternatives',
    `${PARTS.replace('mixed', 'alternative')}--b\n\none\n--b\nContent-Type: text/html\n\n<p>two</p>\n--b--\n`,
    'one\n',
  ],
  [
    'a forwarded message',
    `${PARTS}--b\n\none\n--b\nContent-Type: message/rfc822\n\nTo: x\n\ntwo\n--b--\n`,
    'one\n\ntwo\n',
  ],
  [
    'nothing of an attached one',
    `${PARTS}--b\n\none\n--b\nContent-Type: message/rfc822\nContent-Disposition: attachment\n\n\ntwo\n--b--\n`,
    'one\n',
  ],
  [
    'a folded field between others',
    'To: a,\n b\nContent-Type: text/plain;\n\tcharset=iso-8859-1\nX: y\n z\nContent-Transfer-Encoding: quoted-printable\n\n=FC=\n=E4',
    'üä\n',
  ],
  ['HTML without words', 'Content-Type: text/html\n\n<img src=x>\n', ''],
  ['no text at all', 'Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAEC\n', undefined],
  ['a charset that nobody knows, as it can be', 'Content-Type: text/plain; charset=nonsuch\n\nwords\n', 'words\n'],
  ['escapes that were encoded, without them', 'Content-Type: text/html\n\na&#27;[31m&#x9b;0m&#8238;b\n', 'a[31m›0mb'],
];

const header = (field: string, text: string) => [`${field}: ${text}`, filled(`${field}: `, text, CHUNK - 100)] as const;

const hostile: readonly (readonly [what: string, message: Buffer])[] = [
  ...[
    '<',
    '<br ',
    '<style',
    '<style>',
    '<style></style',
    '<!--',
    '</',
    '<a href="',
    '&',
    '&#',
    '&amp;',
    ' ',
    '\t',
    '\r\n',
    ' \r\n',
    '\n',
  ].map((text) => [`HTML of ${JSON.stringify(text)}`, filled('Content-Type: text/html\r\n\r\n', text)] as const),
  ...['<', '<a href="', '<style', ' ', '\r\n'].map(
    (text) =>
      [
        `HTML of ${JSON.stringify(text)} beside plain text`,
        filled(`${PARTS}--b\n\nx\n--b\nContent-Type: text/html\n\n`.replaceAll('\n', '\r\n'), text),
      ] as const,
  ),
  ...['a \r\n', ' ', '-- \r\n'].map(
    (text) =>
      [`flowed ${JSON.stringify(text)}`, filled('Content-Type: text/plain; format=flowed\r\n\r\n', text)] as const,
  ),
  ['7,000 messages in each other', Buffer.from('Content-Type: message/rfc822\r\n\r\n'.repeat(7000))],
  ['parts in each other', deep('b')],
  ['parts in each other, with long boundaries', deep('b'.repeat(900))],
  ['empty parts', filled(octets(PARTS).toString(), '--b\r\n\r\n')],
  [
    'parts in quoted-printable',
    filled(octets(PARTS).toString(), '--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nx\r\n'),
  ],
  ['messages as parts', filled(octets(PARTS).toString(), '--b\r\nContent-Type: message/rfc822\r\n\r\n\r\nx\r\n')],
  ['dashes beside 30 boundaries', filled(deep('b'.repeat(60), 30).toString(), '--bbbbbbb\r\n')],
  ...['=', 'A=', '\r\n', '!'].map(
    (text) =>
      [
        `base64 of ${JSON.stringify(text)}`,
        filled('Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n', text),
      ] as const,
  ),
  ...['=', '=\r\n', '\t\r\n', '=3D'].map(
    (text) =>
      [
        `quoted-printable ${JSON.stringify(text)}`,
        filled('Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n', text),
      ] as const,
  ),
  header('Content-Type: text/html; name', '=?utf-8?q?a?= '),
  header('Content-Type', "; a*0*=utf-8''%41"),
  header('Content-Type', '('),
  header('Content-Type', ' '),
  header('Content-Disposition', '"\\'),
  ...[
    '=?utf-8?q?a?= ',
    '=?big5?q?=80?= =?gbk?b?gA?= =?koi8-r?q?a?= ',
    '=?a?q?',
    '=?=',
    '=?nonsuch?b?YQ==?=',
    '=?',
    ' ',
    '\r\n ',
    'a:b;',
    '<a@b>,',
    '()',
  ].flatMap((text) => [header('Subject', text), header('From', text)]),
  ['sections of a parameter', Buffer.from(`Content-Type: text/html${sections()}\r\n\r\nx`)],
  ['a chunk of header', filled('', 'X: y\r\n')],
  ['a header in one line', filled('', 'x')],
];

function deep(boundary: string, levels = Math.floor(CHUNK / (2 * boundary.length + 60))): Buffer {
  const part = (level: number) =>
    `Content-Type: multipart/mixed; boundary="${boundary}${level}"\r\n\r\n--${boundary}${level}\r\n`;
  return Buffer.from(Array.from({ length: levels }, (_, level) => part(level)).join(''));
}

function sections(): string {
  return Array.from({ length: 15_000 }, (_, at) => `; f*${at}*=%41`).join('');
}

describe('the text of a message', () => {
  for (const [what, message, text] of texts)
    it(`is ${what}`, async () =>
      expect((await decodeText(octets(message)))?.text?.replaceAll('\r\n', '\n')).to.equal(text));

  it('is what can be read of octets that are no UTF-8, without the NUL that would end it', async () => {
    const message = octets('Subject: x\n\na\xff\0b\n', 'latin1');
    expect(summarize(message).decodes).to.equal(true);
    expect((await decodeText(message))?.text).to.equal('aÿb\n');
  });

  it('needs no decoding when it stands there in UTF-8', () => {
    expect(summarize(octets('Subject: x\n\nüber\n')).decodes).to.equal(false);
  });
});

describe('hostile messages', function () {
  this.timeout(TIMEOUT_MS);
  for (const [what, message] of hostile)
    it(`take time by their length: ${what}`, async () => {
      const beganMs = performance.now();
      summarize(message);
      await decodeText(message);
      expect(performance.now() - beganMs).to.be.below(LIMIT_MS);
    });
});
