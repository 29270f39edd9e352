/** The dictionary: what a client may say in each protocol, put together by chance, and how a session gets somewhere first. */
import { Buffer } from 'node:buffer';

/** Numbers that are the same for the same seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0, below `sides`. */
  roll(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * sides);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.roll(from.length)] as T;
  }
}

export type ProtocolName = 'smtp' | 'pop3';

/** What each kind of word can be; `@` in an address stands for the account that the session may use. */
const ENDS = ['\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n', '\n\r', '\0\r\n', ' \r\n', '\r\n\r\n', ''];
const ODD = [
  ...[
    '\0',
    '\x01',
    '\x7f',
    '\x80',
    '\xff',
    '\xc3\xa9',
    '\xc0\xaf',
    '\xef\xbf\xbd',
    '\xed\xa0\x80',
    '\xf0\x9f\x93\xac',
    '\t',
  ],
  ...[
    ' ',
    '  ',
    '<',
    '>',
    '<>',
    '"',
    '\\',
    '@',
    ':',
    ';',
    ',',
    '=',
    '[',
    ']',
    '(',
    ')',
    '..',
    '%s%n',
    '${x}',
    '../',
    '|',
  ],
];
const NUMBERS = [
  ...[
    '0',
    '1',
    '2',
    '3',
    '7',
    '10',
    '64',
    '255',
    '1000',
    '65536',
    '262144',
    '2147483648',
    '4294967296',
    '-1',
    '-0',
    '+1',
  ],
  ...[
    '1e9',
    '0x10',
    '1.5',
    '00001',
    '9007199254740993',
    '999999999999999',
    '1234567890123456',
    '18446744073709551616',
    'NaN',
  ],
];
const DOTS = ['.', '..', '.\r\n', '\r\n.\r\n', '\n.\n', '\r.\r', '\r\n.\n', '\n.\r\n', '.\r\r\n', '\r\n..\r\n'];
const PATHS = [
  ...[
    '<@>',
    '<>',
    '<postmaster>',
    '<nobody@localhost>',
    '<@>',
    '<a@b>',
    '<"a b"@localhost>',
    '<"\\"@x>',
    '<@r,@s:a@b>',
  ],
  ...[
    '<a@[127.0.0.1]>',
    '<a@[IPv6:::1]>',
    '<a@[IPv6:%]>',
    '<ü@localhost>',
    '<a@xn-->',
    '<a@-b>',
    '<a@b',
    'a@b>',
    '<<a@b>>',
  ],
];
const SMTP = [
  ...['EHLO', 'HELO', 'MAIL FROM:', 'RCPT TO:', 'DATA', 'BDAT', 'RSET', 'NOOP', 'VRFY', 'EXPN', 'HELP', 'QUIT'],
  ...[
    'AUTH PLAIN',
    'STARTTLS',
    'MAIL',
    'RCPT',
    'SIZE=',
    'BODY=8BITMIME',
    'BODY=BINARYMIME',
    'SMTPUTF8',
    'NOTIFY=SUCCESS',
    'ORCPT=rfc822;',
    'RET=HDRS',
    'ENVID=a+2B',
    'HOLDFOR=',
    'LAST',
    'ehlo',
    'bdat',
  ],
];
const POP3 = [
  ...['USER', 'PASS', 'STAT', 'LIST', 'UIDL', 'RETR', 'TOP', 'DELE', 'RSET', 'NOOP', 'CAPA', 'UTF8', 'HELP', 'QUIT'],
  ...['APOP', 'AUTH', 'STLS', 'XTND', 'LAST', 'retr', 'dele', 'top 1', 'list 1'],
];
const FIELDS = [
  'Received: x\r\n',
  'Subject: ü\r\n',
  'Content-Type: multipart/mixed; boundary="x"\r\n',
  '--x\r\n',
  '--x--\r\n',
];

function run(dice: Dice): string {
  return dice
    .pick(['x', '\0', '\xff', ' ', '.', '<', '"', 'a.', '@', '\r', '\n', '\r\n'])
    .repeat(dice.pick([10, 250, 513, 1025, 2049, 9000]));
}

function number(dice: Dice): string {
  return dice.roll(3) === 0 ? String(dice.roll(2 ** 31)) : dice.pick(NUMBERS);
}

/** A line that makes sense more often than not. */
function line(protocol: ProtocolName, dice: Dice, account: string): string {
  const path = () => dice.pick(PATHS).replace('<@>', `<${account}>`);
  const verb = dice.pick(protocol === 'smtp' ? SMTP : POP3);
  if (verb.endsWith(':')) return `${verb}${path()}${dice.roll(4) === 0 ? ` ${dice.pick(SMTP)}` : ''}`;
  if (/^bdat$/i.test(verb)) return chunk(dice);
  const argument = dice.pick(['', '', number(dice), path(), account, dice.pick(ODD)]);
  return argument === '' ? verb : `${verb} ${argument}`;
}

function chunk(dice: Dice): string {
  const said = dice.roll(40);
  const content = dice.pick(['x', '.', '\r\n', 'QUIT\r\n', '\0']).repeat(said);
  const told = dice.roll(3) === 0 ? number(dice) : String(content.length);
  return `BDAT ${told}${dice.pick(['', ' LAST', ' last', ' LASTLAST'])}\r\n${content}`;
}

/** One utterance as it travels. */
export function utterance(protocol: ProtocolName, dice: Dice, account: string): Buffer {
  const what = dice.roll(12);
  const text =
    what < 7
      ? line(protocol, dice, account) + dice.pick(ENDS)
      : what === 7
        ? dice.pick(DOTS)
        : what === 8
          ? run(dice) + dice.pick(ENDS)
          : what === 9
            ? Array.from({ length: 1 + dice.roll(5) }, () => dice.pick([...ODD, ...FIELDS, ...NUMBERS])).join('') +
              dice.pick(ENDS)
            : what === 10
              ? dice.pick(FIELDS) + dice.pick(DOTS)
              : dice.pick(ENDS);
  return garbled(Buffer.from(text, 'latin1'), dice);
}

/** Now and then a byte is another one, or is missing. */
function garbled(bytes: Buffer, dice: Dice): Buffer {
  if (bytes.length === 0 || dice.roll(6) !== 0) return bytes;
  const at = dice.roll(bytes.length);
  if (dice.roll(2) === 0) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
  bytes[at] = dice.roll(256);
  return bytes;
}

/** What brings a session into each of its states. */
export function preludes(
  protocol: ProtocolName,
  account: string,
  password: string,
): ReadonlyMap<string, readonly string[]> {
  const hello = ['EHLO fuzz.example'];
  const mail = [...hello, 'MAIL FROM:<fuzz@client.example>'];
  const rcpt = [...mail, `RCPT TO:<${account}>`];
  const login = [`USER ${account}`, `PASS ${password}`];
  return new Map(
    protocol === 'smtp'
      ? [
          ['start', []],
          ['greeted', hello],
          ['transaction', mail],
          ['transaction with a recipient', rcpt],
          ['inside data', [...rcpt, 'DATA']],
          ['chunking', [...rcpt, 'BDAT 2\r\nx\r']],
          ['inside a chunk', [...rcpt, 'BDAT 5000 LAST\r\nx']],
        ]
      : [
          ['authorization', ['CAPA']],
          ['user', [`USER ${account}`]],
          ['transaction', login],
          ['marked', [...login, 'DELE 1', 'DELE 2']],
          ['reading', [...login, 'RETR 1', 'RETR 2']],
        ],
  );
}
