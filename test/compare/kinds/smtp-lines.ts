/** SMTP: the order of commands, arguments where there are none, lengths, charsets, line ends, chunks and pipelined groups. */
import {
  address,
  between,
  kindsOf,
  letters,
  line,
  message,
  raw,
  SHORT_MESSAGE,
  utf8,
  type Form,
  type Kind,
  type Rule,
  type ServiceName,
  type Step,
} from '../kind.js';
import type { Dice } from '../../fuzz/words.js';

const ORDER_WEIGHT = 12;
const HELLO = 'EHLO client.example';
const MAIL = 'MAIL FROM:<sender@example.org>';

/** Commands that are right by themselves, in any order. A message follows each DATA that is taken. */
function order(dice: Dice, mailbox: string, service: ServiceName): readonly Step[] {
  const [hello, other] = service === 'lmtp' ? ['LHLO front.example', 'LHLO x'] : [HELLO, 'HELO x'];
  const rcpt = `RCPT TO:<${mailbox}>`;
  const likely = [hello, other, MAIL, MAIL, rcpt, rcpt, 'DATA', 'DATA'];
  const all = [...likely, 'RCPT TO:<nobody@localhost>', 'MAIL FROM:<>', 'RSET', 'NOOP', 'VRFY postmaster'];
  const beginning = dice.pick([[hello], [hello], [hello, MAIL], [hello, MAIL, rcpt]]);
  const said = [...beginning, ...Array.from({ length: between(dice, 2, 5) }, () => dice.pick(all))];
  return said.filter((one, at) => service === 'smtp' || one !== rcpt || said.indexOf(rcpt) === at).flatMap(stepsOf);
}

/** LMTP would answer for each recipient: there is one at most. */
function stepsOf(said: string): readonly Step[] {
  return said === 'DATA' ? [line(said), message(SHORT_MESSAGE)] : [line(said)];
}

function orderRule(service: 'smtp' | 'lmtp'): Rule {
  return {
    name: `${service} order`,
    service,
    forms: { 'any commands': () => '' },
    steps: (_, dice, mailbox) => order(dice, mailbox, service),
    weight: ORDER_WEIGHT,
  };
}

/** Arguments of commands that ask for none, and none where one is asked for. */
const stray: Readonly<Record<string, Form>> = {
  DATA: (dice) => `DATA ${letters(dice, 4)}`,
  RSET: (dice) => `RSET ${letters(dice, 4)}`,
  QUIT: (dice) => `QUIT ${letters(dice, 4)}`,
  NOOP: (dice) => `NOOP ${letters(dice, 4)} ${letters(dice, 4)}`,
  HELP: (dice) => `HELP${dice.pick(['', ' MAIL', ' x', ' MAIL RCPT'])}`,
  'VRFY of a mailbox': (dice, mailbox) => `VRFY ${dice.pick([mailbox, `<${mailbox}>`])}`,
  'VRFY of nobody': (dice) => `VRFY ${letters(dice, 6)}@localhost`,
  'VRFY of elsewhere': (dice) => `VRFY ${address(dice)}`,
  'VRFY of a word': (dice) => `VRFY ${letters(dice, 6)}`,
  'VRFY of two words': (dice) => `VRFY ${letters(dice, 4)} ${letters(dice, 4)}`,
  'VRFY of what is no address': (dice) => `VRFY ${dice.pick(['@', '<>', 'a@', '"', 'a..b@localhost'])}`,
  'VRFY without': () => 'VRFY',
  'MAIL without': () => 'MAIL',
  'RCPT without': () => 'RCPT',
  BDAT: () => 'BDAT',
};

const lengths: Readonly<Record<string, Form>> = {
  'NOOP of at most 512': (dice) => `NOOP ${letters(dice, between(dice, 300, 505))}`,
  'NOOP of at most 2000': (dice) => `NOOP ${letters(dice, between(dice, 506, 1990))}`,
  'NOOP of more than 2048': (dice) => `NOOP ${letters(dice, between(dice, 2050, 9000))}`,
  'NOOP of more than 64 KiB': (dice) => `NOOP ${letters(dice, between(dice, 66_000, 90_000))}`,
  'MAIL of more than 2048': (dice) => `MAIL FROM:<${letters(dice, between(dice, 2050, 9000))}@example.org>`,
  'MAIL with many parameters': (dice) =>
    `${MAIL}${` SIZE=1${' '.repeat(between(dice, 0, 3))}`.repeat(between(dice, 1, 20))}`,
  'an unknown verb of at most 2000': (dice) => `Z${letters(dice, between(dice, 100, 2000))}`,
  'an unknown verb of more than 2048': (dice) => `Z${letters(dice, between(dice, 2050, 9000))}`,
  'VRFY of at most 2000': (dice) => `VRFY ${letters(dice, between(dice, 100, 1900))}`,
  'blanks behind a command': (dice) => `NOOP${' '.repeat(between(dice, 10, 1900))}`,
};

const charsets: Readonly<Record<string, Form>> = {
  'UTF-8 in NOOP': (dice) => utf8(`NOOP ${dice.pick(['ü', '郵便', '📬', 'é'])}`),
  'Latin-1 in NOOP': (dice) => `NOOP ${dice.pick(['\xfc', '\xe9\xe8', '\xff\xfe'])}`,
  'Latin-1 in VRFY': (dice) => `VRFY j\xfcrgen${dice.roll(99)}`,
  'UTF-8 in VRFY': (dice) => utf8(`VRFY jürgen${dice.roll(99)}@localhost`),
  'Latin-1 in RSET': () => 'RSET \xfc',
  'Latin-1 for a verb': (dice) => `${dice.pick(['\xfc', '\xc4\xd6'])}${letters(dice, 3)}`,
  'UTF-8 for a verb': (dice) => utf8(`${dice.pick(['ü', '郵'])}${letters(dice, 3)}`),
  'UTF-16': () => Buffer.from('NOOP\r\n', 'utf16le').toString('latin1').slice(0, 8),
  'a byte order mark': () => utf8('\ufeffNOOP'),
  'a NUL in NOOP': (dice) => `NOOP ${letters(dice, 2)}\0${letters(dice, 2)}`,
  'a NUL behind a command': () => 'NOOP\0',
  'a control character in NOOP': (dice) => `NOOP ${dice.pick(['\x01', '\x08', '\x1b', '\x7f', '\x0b', '\x0c'])}`,
  'a control character behind a command': (dice) => `NOOP${dice.pick(['\x01', '\x0b', '\x0c', '\x1b'])}`,
  'a hard blank': () => utf8('NOOP\u00a0x'),
};

/** Whole lines with their ends; what follows is said after. */
const ends: Readonly<Record<string, Form>> = {
  LF: (dice) => `${dice.pick(['NOOP', 'RSET', MAIL, 'VRFY postmaster'])}\n`,
  'CR CR LF': (dice) => `${dice.pick(['NOOP', 'RSET', MAIL])}\r\r\n`,
  'a CR inside': (dice) => `NOOP ${letters(dice, 3)}\r${letters(dice, 3)}\r\n`,
  'an LF inside': (dice) => `NOOP ${letters(dice, 3)}\nNOOP ${letters(dice, 3)}\r\n`,
  'CR alone': (dice) => `NOOP ${letters(dice, 3)}\r`,
};

const bdats: Readonly<Record<string, Form>> = {
  'in one': (dice) => chunk(letters(dice, between(dice, 1, 50)), ' LAST'),
  'in any case': (dice) => chunk(letters(dice, 9), dice.pick([' last', ' Last'])),
  'nothing at the end': () => 'BDAT 0 LAST\r\n',
  'not the last': (dice) => chunk(letters(dice, between(dice, 1, 50)), ''),
  'blanks around': (dice) => chunk(letters(dice, 9), dice.pick(['  LAST', ' LAST ', '   LAST  '])),
  'zeros before it': (dice) => chunk(letters(dice, between(dice, 1, 9)), ' LAST').replace('BDAT ', 'BDAT 00'),
  'no number': (dice) => `BDAT ${dice.pick(['x', '-1', '+1', '1.5', '0x1'])} LAST\r\n`,
  'no number and no LAST': () => 'BDAT\r\n',
  'another word than LAST': (dice) => chunk('', ` ${dice.pick(['FIRST', 'LASTLAST', 'x', 'LAST x'])}`),
  'octets of every value': (dice) => chunk(`Subject: x\r\n\r\n${dice.pick(['\0', '\xff\xfe', '\x80'])}\r\n`, ' LAST'),
  'a bare LF': (dice) => chunk(`Subject: x\r\n\r\n${letters(dice, 3)}\n${letters(dice, 3)}\r\n`, ' LAST'),
};

function chunk(octets: string, behind: string): string {
  return `BDAT ${octets.length}${behind}\r\n${octets}`;
}

/** Lines in one packet, an answer each. */
function group(lines: readonly string[], behind = ''): Step {
  return raw(lines.map((one) => `${one}\r\n`).join('') + behind, lines.length + (behind === '' ? 0 : 1));
}

const groups: Readonly<Record<string, (dice: Dice, mailbox: string) => readonly Step[]>> = {
  'an envelope': (dice, mailbox) => [
    group([HELLO, MAIL, ...Array.from({ length: between(dice, 1, 9) }, () => `RCPT TO:<${mailbox}>`)]),
  ],
  'an envelope and DATA': (_, mailbox) => [group([MAIL, `RCPT TO:<${mailbox}>`, 'DATA']), message(SHORT_MESSAGE)],
  'everything at once': (dice, mailbox) => [
    group([MAIL, `RCPT TO:<${mailbox}>`, 'DATA'], SHORT_MESSAGE),
    group(['QUIT'].slice(dice.roll(2))),
  ],
  'an envelope that is refused': (dice) => [
    group([
      MAIL,
      ...Array.from({ length: between(dice, 1, 5) }, () => `RCPT TO:<${letters(dice, 5)}@localhost>`),
      'DATA',
    ]),
  ],
  'two messages': (_, mailbox) => [
    group([MAIL, `RCPT TO:<${mailbox}>`, 'DATA'], SHORT_MESSAGE),
    group(['RSET', MAIL, `RCPT TO:<${mailbox}>`, 'DATA'], SHORT_MESSAGE),
  ],
  'many NOOPs': (dice) => [group(Array.from({ length: between(dice, 2, 60) }, () => 'NOOP'))],
  'behind QUIT': (dice) => [group(['NOOP', 'QUIT']), group(Array.from({ length: between(dice, 1, 5) }, () => 'NOOP'))],
};

const greeted = () => [HELLO];
const begun = (mailbox: string) => [HELLO, MAIL, `RCPT TO:<${mailbox}>`];

const groupKinds: readonly Kind[] = Object.entries(groups).map(([form, make]) => ({
  name: `smtp pipelining: ${form}`,
  service: 'smtp',
  make: (dice, mailbox) => ({ prelude: form === 'an envelope' ? [] : greeted(), steps: make(dice, mailbox) }),
}));

/** Before the client has said its name. */
const unintroduced: Readonly<Record<string, Form>> = {
  MAIL: (dice) => `MAIL FROM:<${address(dice)}>`,
  RCPT: (_, mailbox) => `RCPT TO:<${mailbox}>`,
  DATA: () => 'DATA',
  RSET: () => 'RSET',
  VRFY: (_, mailbox) => `VRFY ${mailbox}`,
  'BDAT of nothing': () => 'BDAT 0 LAST',
};

const rules: readonly Rule[] = [
  orderRule('smtp'),
  { name: 'smtp before EHLO', service: 'smtp', forms: unintroduced },
  { name: 'smtp argument', service: 'smtp', prelude: greeted, forms: stray },
  {
    name: 'smtp argument inside a transaction',
    service: 'smtp',
    prelude: begun,
    forms: stray,
    steps: (said) => [line(said), message(SHORT_MESSAGE)],
  },
  { name: 'smtp length', service: 'smtp', prelude: greeted, forms: lengths },
  { name: 'smtp charset', service: 'smtp', prelude: greeted, forms: charsets },
  {
    name: 'smtp line end',
    service: 'smtp',
    prelude: greeted,
    forms: ends,
    steps: (said) => [raw(said), line('VRFY postmaster')],
  },
  {
    name: 'smtp BDAT',
    service: 'smtp',
    prelude: begun,
    forms: bdats,
    steps: (said) => [raw(said), line('BDAT 0 LAST')],
  },
  {
    name: 'smtp BDAT out of place',
    service: 'smtp',
    prelude: greeted,
    forms: { 'without MAIL': (dice) => chunk(letters(dice, 5), ' LAST') },
    steps: (said) => [raw(said)],
  },
];

export const smtpLines: readonly Kind[] = [...rules.flatMap(kindsOf), ...groupKinds];
export const lmtpOrder: readonly Kind[] = kindsOf(orderRule('lmtp'));
