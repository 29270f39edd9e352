/** POP3: verbs, numbers, arguments, logins, the order of commands, charsets, lengths and line ends. Maildrops hold three messages. */
import { PASSWORD } from '../../../bench/peers/accounts.js';
import {
  anyCase,
  base64,
  between,
  blanks,
  kindsOf,
  letters,
  line,
  raw,
  utf8,
  type Form,
  type Kind,
  type Rule,
  type Step,
} from '../kind.js';
import type { Dice } from '../../fuzz/words.js';

const ORDER_WEIGHT = 12;

const loggedIn = (mailbox: string) => [`USER ${mailbox}`, `PASS ${PASSWORD}`];

const NUMBERED = ['RETR', 'DELE', 'LIST', 'UIDL', 'TOP'];
const TAKING = (dice: Dice): string => dice.pick(NUMBERED);

function numbered(verb: string, number: string): string {
  return `${verb} ${number}${verb === 'TOP' ? ' 0' : ''}`;
}

const numbers: Readonly<Record<string, Form>> = {
  'that is there': (dice) => numbered(TAKING(dice), String(between(dice, 1, 3))),
  zero: (dice) => numbered(TAKING(dice), dice.pick(['0', '00'])),
  'too large': (dice) => numbered(TAKING(dice), String(between(dice, 4, 99_999))),
  huge: (dice) => numbered(TAKING(dice), '9'.repeat(between(dice, 9, 40))),
  'with zeros before it': (dice) => numbered(TAKING(dice), `${'0'.repeat(between(dice, 1, 5))}${between(dice, 1, 3)}`),
  'with a sign': (dice) => numbered(TAKING(dice), `${dice.pick(['+', '-'])}${between(dice, 1, 3)}`),
  'that is none': (dice) =>
    numbered(TAKING(dice), dice.pick(['x', '1x', 'x1', '1.0', '1e0', '0x1', '1,2', '1-3', '*', '\xb2'])),
  missing: (dice) => dice.pick(['RETR', 'DELE', 'TOP', 'TOP 1']),
  'and another': (dice) => `${dice.pick(['RETR', 'DELE', 'LIST', 'UIDL'])} 1 ${dice.pick(['2', 'x'])}`,
  'TOP with three': (dice) => `TOP 1 0 ${dice.roll(9)}`,
  'TOP of so many lines': (dice) => `TOP 1 ${dice.roll(50)}`,
  'TOP of very many lines': (dice) => `TOP 1 ${'9'.repeat(between(dice, 5, 18))}`,
  'TOP of lines that are no number': (dice) => `TOP 1 ${dice.pick(['x', '-1', '+1', '1.5', '1x'])}`,
};

const spellings: Readonly<Record<string, Form>> = {
  'any case': (dice) => anyCase(dice, dice.pick(['STAT', 'LIST', 'UIDL', 'NOOP', 'RSET', 'CAPA', 'RETR 1', 'TOP 1 0'])),
  'blanks behind the verb': (dice) => numbered(TAKING(dice), '1').replace(' ', blanks(dice, 2)),
  'blanks between numbers': (dice) => `TOP 1${blanks(dice, 2)}0`,
  'blanks behind it': (dice) => `${numbered(TAKING(dice), '1')}${blanks(dice)}`,
  'blanks behind a verb alone': (dice) =>
    `${dice.pick(['STAT', 'LIST', 'UIDL', 'NOOP', 'RSET', 'CAPA'])}${blanks(dice)}`,
  'blanks before it': (dice) => `${blanks(dice)}${dice.pick(['STAT', 'LIST', 'NOOP', 'RETR 1'])}`,
  'a tab behind the verb': (dice) => numbered(TAKING(dice), '1').replace(' ', '\t'),
  'a tab behind it': (dice) => `${numbered(TAKING(dice), '1')}\t`,
  'a tab before it': (dice) => `\t${dice.pick(['STAT', 'LIST', 'NOOP'])}`,
};

const stray: Readonly<Record<string, Form>> = {
  STAT: (dice) => `STAT ${letters(dice, 3)}`,
  NOOP: (dice) => `NOOP ${letters(dice, 3)}`,
  RSET: (dice) => `RSET ${letters(dice, 3)}`,
  CAPA: (dice) => `CAPA ${letters(dice, 3)}`,
  QUIT: (dice) => `QUIT ${letters(dice, 3)}`,
  'LIST of a word': (dice) => `LIST ${letters(dice, 3)}z`,
};

const unknown: Readonly<Record<string, Form>> = {
  nothing: () => '',
  'blanks alone': (dice) => blanks(dice),
  'a word': (dice) => `${letters(dice, between(dice, 1, 12))}z${dice.pick(['', ' x'])}`,
  'a letter missing': (dice) => dice.pick(['TAT', 'IST', 'SER alice', 'APA', 'UIT']),
  'what telnet sends': () => '\xff\xfb\x01CAPA',
  'a command of another protocol': (dice) =>
    dice.pick(['EHLO x', 'HELO x', 'a001 LOGIN x y', 'MAIL FROM:<a@b.example>', 'DATA']),
  'a method of HTTP': (dice) => `${dice.pick(['GET', 'POST', 'CONNECT'])} /${letters(dice, 4)} HTTP/1.1`,
  "of somebody's extension": (dice) => dice.pick(['XTND XMIT', 'XSENDER 1', 'LAST', 'LANG', 'ID x']),
  APOP: (dice) => `APOP ${letters(dice, 4)} ${'0123456789abcdef'.repeat(2)}`,
  'Latin-1': (dice) => `\xfc${letters(dice, 3)}`,
  'UTF-8': (dice) => utf8(`ü${letters(dice, 3)}`),
  'a NUL': (dice) => `${dice.pick(['STAT', 'NOOP'])}\0`,
  'a control character': (dice) => `STAT${dice.pick(['\x01', '\x0b', '\x1b'])}`,
  'up to 200 octets': (dice) => letters(dice, between(dice, 50, 200)),
  'up to 1000 octets': (dice) => letters(dice, between(dice, 300, 1000)),
  'up to 4000 octets': (dice) => letters(dice, between(dice, 1100, 4000)),
  'more than 8192 octets': (dice) => letters(dice, between(dice, 8200, 20_000)),
};

/** What stands behind USER; the right password follows. */
const names: Readonly<Record<string, Form>> = {
  right: (_, mailbox) => ` ${mailbox}`,
  'in any case': (dice, mailbox) => ` ${anyCase(dice, mailbox)}`,
  'without its domain': (_, mailbox) => ` ${mailbox.split('@')[0]}`,
  'with blanks before it': (dice, mailbox) => `${blanks(dice, 2)}${mailbox}`,
  'with blanks behind it': (dice, mailbox) => ` ${mailbox}${blanks(dice)}`,
  'with a tab behind the verb': (_, mailbox) => `\t${mailbox}`,
  'in brackets': (_, mailbox) => ` <${mailbox}>`,
  'in quotes': (_, mailbox) => ` "${mailbox}"`,
  'quoted in part': (_, mailbox) => ` "${mailbox.split('@')[0]}"@localhost`,
  'with a dot at the end': (_, mailbox) => ` ${mailbox}.`,
  'of nobody': (dice) => ` ${letters(dice, 6)}@localhost`,
  'of elsewhere': (dice) => ` ${letters(dice, 6)}@example.org`,
  missing: () => '',
  'of blanks': (dice) => blanks(dice, 2),
  'in Latin-1': (dice) => ` j\xfcrgen${dice.roll(99)}@localhost`,
  'in UTF-8': (dice) => utf8(` jürgen${dice.roll(99)}@localhost`),
  'of many octets': (dice) => ` ${letters(dice, between(dice, 100, 900))}`,
  'with a control character': (dice) => ` a${dice.pick(['\x01', '\x1b'])}@localhost`,
};

/** What stands behind PASS; the right name came before. */
const passwords: Readonly<Record<string, Form>> = {
  right: () => ` ${PASSWORD}`,
  wrong: (dice) => ` ${letters(dice, 9)}`,
  'with a blank behind it': () => ` ${PASSWORD} `,
  'with a blank before it': () => `  ${PASSWORD}`,
  missing: () => '',
  'in Latin-1': (dice) => ` p\xe4ss${letters(dice, 3)}`,
  'in UTF-8': (dice) => utf8(` päss${letters(dice, 3)}`),
  'with blanks in it': (dice) => ` ${letters(dice, 3)} ${letters(dice, 3)}`,
  'with a NUL': (dice) => ` ${letters(dice, 3)}\0${letters(dice, 3)}`,
  'of many octets': (dice) => ` ${letters(dice, between(dice, 100, 900))}`,
};

const plain = (mailbox: string, password = PASSWORD, identity = ''): string =>
  base64(`${identity}\0${mailbox}\0${password}`);

/** Lines of AUTH, an answer each. */
export const auths: Readonly<Record<string, Form>> = {
  'PLAIN in one line': (dice, mailbox) => `AUTH ${anyCase(dice, 'PLAIN')} ${plain(mailbox)}`,
  'PLAIN in two lines': (dice, mailbox) => `AUTH ${anyCase(dice, 'PLAIN')}\r\n${plain(mailbox)}`,
  'PLAIN with blanks between': (dice, mailbox) => `AUTH${blanks(dice)}PLAIN${blanks(dice, 2)}${plain(mailbox)}`,
  'PLAIN with blanks behind it': (dice, mailbox) => `AUTH PLAIN ${plain(mailbox)}${blanks(dice)}`,
  'PLAIN with a wrong password': (dice, mailbox) => `AUTH PLAIN ${plain(mailbox, letters(dice, 7))}`,
  'PLAIN for oneself': (_, mailbox) => `AUTH PLAIN ${plain(mailbox, PASSWORD, mailbox)}`,
  'PLAIN for another': (dice, mailbox) => `AUTH PLAIN ${plain(mailbox, PASSWORD, `${letters(dice, 5)}@localhost`)}`,
  'PLAIN of two parts': (_, mailbox) => `AUTH PLAIN ${base64(`${mailbox}\0${PASSWORD}`)}`,
  'PLAIN with a Latin-1 password': (dice, mailbox) => `AUTH PLAIN ${plain(mailbox, `p\xe4ss${letters(dice, 3)}`)}`,
  'PLAIN that is no base64': (dice) => `AUTH PLAIN ${dice.pick(['!!!!', 'x', 'äöü', '====', 'AGFs aWNl'])}`,
  'PLAIN of nothing': () => 'AUTH PLAIN =',
  'PLAIN without its padding': (_, mailbox) => `AUTH PLAIN ${plain(mailbox).replace(/=+$/, '')}`,
  'PLAIN that is cancelled': () => 'AUTH PLAIN\r\n*',
  'LOGIN in three lines': (dice, mailbox) =>
    `AUTH ${anyCase(dice, 'LOGIN')}\r\n${base64(mailbox)}\r\n${base64(PASSWORD)}`,
  'LOGIN with the name in its line': (_, mailbox) => `AUTH LOGIN ${base64(mailbox)}\r\n${base64(PASSWORD)}`,
  'LOGIN with a wrong password': (dice, mailbox) => `AUTH LOGIN\r\n${base64(mailbox)}\r\n${base64(letters(dice, 8))}`,
  'LOGIN that is cancelled': (_, mailbox) => `AUTH LOGIN\r\n${base64(mailbox)}\r\n*`,
  'LOGIN that is no base64': (dice) => `AUTH LOGIN\r\n${dice.pick(['!!!!', '\xe4'])}`,
  'LOGIN with a blank behind the name': (_, mailbox) => `AUTH LOGIN\r\n${base64(`${mailbox} `)}\r\n${base64(PASSWORD)}`,
  'an unknown mechanism': (dice) => `AUTH ${dice.pick(['X', 'NTLM', 'GSSAPI', 'PLAIN2', 'XOAUTH2', 'CRAM-MD5'])}`,
};

export function linesOf(said: string): readonly Step[] {
  return said.split('\r\n').map(line);
}

const ends: Readonly<Record<string, Form>> = {
  LF: (dice) => `${dice.pick(['NOOP', 'STAT', 'RETR 1'])}\n`,
  'CR CR LF': (dice) => `${dice.pick(['NOOP', 'STAT', 'RETR 1'])}\r\r\n`,
  'a CR inside': (dice) => `NOOP\r${letters(dice, 3)}\r\n`,
  'an LF inside': () => 'NOOP\nNOOP\r\n',
  'CR alone': () => 'NOOP\r',
};

/** Commands that are right by themselves, in any order: behind a login, or a few before it. */
function order(dice: Dice, mailbox: string): readonly Step[] {
  const login = loggedIn(mailbox);
  const before = [...login, 'CAPA'];
  if (dice.roll(4) === 0) return several(dice, 3, [...before, 'STAT', 'RETR 1', 'QUIT']).map(line);
  return [...login, ...several(dice, 7, dice.roll(4) === 0 ? [...before, ...reading] : reading)].map(line);
}

const reading = [
  ...['STAT', 'LIST', 'LIST 2', 'UIDL', 'UIDL 1', 'RETR 1', 'RETR 2', 'TOP 2 0', 'DELE 1', 'DELE 2', 'RSET', 'NOOP'],
];

function several(dice: Dice, most: number, from: readonly string[]): readonly string[] {
  return Array.from({ length: between(dice, 2, most) }, () => dice.pick(from));
}

const rules: readonly Rule[] = [
  { name: 'pop3 number', service: 'pop3', prelude: loggedIn, forms: numbers },
  { name: 'pop3 spelling', service: 'pop3', prelude: loggedIn, forms: spellings },
  { name: 'pop3 argument', service: 'pop3', prelude: loggedIn, forms: stray },
  { name: 'pop3 first line', service: 'pop3', forms: unknown, steps: (said) => [line(said), line('CAPA')] },
  {
    name: 'pop3 unknown line',
    service: 'pop3',
    prelude: loggedIn,
    forms: unknown,
    steps: (said) => [line(said), line('STAT')],
  },
  {
    name: 'pop3 USER',
    service: 'pop3',
    forms: names,
    steps: (said) => [line(`USER${said}`), line(`PASS ${PASSWORD}`)],
  },
  {
    name: 'pop3 PASS',
    service: 'pop3',
    prelude: (mailbox) => [`USER ${mailbox}`],
    forms: passwords,
    steps: (said) => [line(`PASS${said}`)],
  },
  { name: 'pop3 AUTH', service: 'pop3', forms: auths, steps: linesOf },
  {
    name: 'pop3 line end',
    service: 'pop3',
    prelude: loggedIn,
    forms: ends,
    steps: (said) => [raw(said), line('STAT')],
  },
  {
    name: 'pop3 order',
    service: 'pop3',
    forms: { 'any commands': () => '' },
    steps: (_, dice, mailbox) => order(dice, mailbox),
    weight: ORDER_WEIGHT,
  },
  {
    name: 'pop3 before the login',
    service: 'pop3',
    forms: { 'several commands': () => '' },
    steps: (_, dice) => several(dice, 8, reading).map(line),
  },
  {
    name: 'pop3 pipelining',
    service: 'pop3',
    forms: {
      'a login': (_, mailbox) => `CAPA\r\nUSER ${mailbox}\r\nPASS ${PASSWORD}\r\nSTAT\r\n`,
      'a whole session': (_, mailbox) => `USER ${mailbox}\r\nPASS ${PASSWORD}\r\nLIST\r\nRETR 1\r\nQUIT\r\n`,
    },
    steps: (said) => [raw(said, said.split('\r\n').length - 1)],
  },
];

export const pop3Kinds: readonly Kind[] = rules.flatMap(kindsOf);
