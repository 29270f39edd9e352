/** SMTP: how a client may call itself in EHLO and HELO, and what stands around the verbs of other commands. */
import { anyCase, between, blanks, kindsOf, letters, line, utf8, type Form, type Kind, type Rule } from '../kind.js';
import type { Dice } from '../../fuzz/words.js';

const number = (dice: Dice): number => dice.roll(256);

const names: Readonly<Record<string, Form>> = {
  'a domain': (dice) => ` ${letters(dice, 8)}.example`,
  'one label': (dice) => ` ${letters(dice, 6)}`,
  underscores: (dice) => ` my_${letters(dice, 3)}_pc`,
  'a dot at its end': (dice) => ` ${letters(dice, 5)}.example.`,
  'a dot at its beginning': (dice) => ` .${letters(dice, 5)}`,
  'two dots': (dice) => ` ${letters(dice, 3)}..example`,
  'hyphens outside': (dice) => ` -${letters(dice, 5)}-`,
  'a literal': (dice) => ` [192.0.2.${number(dice)}]`,
  'an address': (dice) => ` 192.0.2.${number(dice)}`,
  'a literal of IPv6': (dice) => ` [IPv6:2001:db8::${number(dice)}]`,
  'an address of IPv6': (dice) => ` 2001:db8::${number(dice)}`,
  'a literal without its end': (dice) => ` [192.0.2.${number(dice)}`,
  'a literal that is none': (dice) => ` [${300 + number(dice)}.1.1.1]`,
  'several words': (dice) => ` My PC ${2000 + number(dice)}`,
  'UTF-8': (dice) => utf8(` büro${number(dice)}.example`),
  'Latin-1': (dice) => ` b\xfcro${number(dice)}.example`,
  signs: (dice) => ` pc${dice.pick(['#', '!', '&', '/', '+', '%', '=', '*', '(', ';', ',', '$', '~'])}${number(dice)}`,
  'blanks of other kinds': (dice) => utf8(` ${letters(dice, 4)}${dice.pick(['\u00a0', '\u3000', '\u2003'])}pc`),
  'angle brackets': (dice) => ` <${letters(dice, 6)}.example>`,
  quotes: (dice) => ` "${letters(dice, 6)} ${number(dice)}"`,
  'an address of mail': (dice) => ` ${letters(dice, 5)}@client.example`,
  'a remark behind it': (dice) => ` client.example (${letters(dice, 5)})`,
  'up to 255 octets': (dice) => ` ${letters(dice, between(dice, 64, 255))}`,
  'up to 500 octets': (dice) => ` ${letters(dice, between(dice, 256, 500))}`,
  'up to 2000 octets': (dice) => ` ${letters(dice, between(dice, 501, 2000))}`,
  'no name': () => '',
  'blanks for a name': (dice) => blanks(dice, 1, 9),
  'blanks before it': (dice) => `${blanks(dice, 2)}${letters(dice, 5)}.example`,
  'blanks behind it': (dice) => ` ${letters(dice, 5)}.example${blanks(dice)}`,
  'a tab before it': (dice) => `\t${letters(dice, 5)}.example`,
  'a tab behind it': (dice) => ` ${letters(dice, 5)}.example\t`,
  'a colon behind the verb': (dice) => `: ${letters(dice, 5)}.example`,
  'a control character': (dice) => ` ${letters(dice, 3)}${dice.pick(['\x01', '\x07', '\x08', '\x1b', '\x7f'])}pc`,
};

/** A command that is right, with something around it; `said` is the whole line. */
const spellings: Readonly<Record<string, Form>> = {
  'letters of any case': (dice) => anyCase(dice, verb(dice)),
  'blanks before it': (dice) => `${blanks(dice)}${verb(dice)}`,
  'a tab before it': (dice) => `\t${verb(dice)}`,
  'blanks behind it': (dice) => `${verb(dice)}${blanks(dice)}`,
  'a tab behind it': (dice) => `${verb(dice)}\t`,
  'a tab instead of a blank': () => 'VRFY\tpostmaster',
  'blanks between': (dice) => `${dice.pick(['VRFY', 'NOOP'])}${blanks(dice, 2)}postmaster`,
  'a dot behind it': (dice) => `${verb(dice)}.`,
  'a semicolon behind it': (dice) => `${verb(dice)};`,
  'a letter missing': (dice) => verb(dice).slice(1),
  'a letter twice': (dice) => verb(dice).replace(/^(.)/, '$1$1'),
};

function verb(dice: Dice): string {
  return dice.pick(['NOOP', 'RSET', 'QUIT', 'DATA', 'VRFY', 'EHLO', 'HELO', 'MAIL', 'RCPT']);
}

const unknown: Readonly<Record<string, Form>> = {
  "a firewall's": (dice) => `${'X'.repeat(between(dice, 4, 8))} client.example`,
  'a word': (dice) => `z${letters(dice, between(dice, 1, 12))}${dice.pick(['', ' x', ' client.example'])}`,
  nothing: () => '',
  'blanks alone': (dice) => blanks(dice),
  'a number': (dice) => String(dice.roll(100000)),
  'a header field': (dice) => `${dice.pick(['Subject', 'From', 'To', 'X-Y'])}: ${letters(dice, 6)}`,
  'what telnet sends': () => utf8('helo').replace('h', '\xff\xfb\x01h'),
  'erased at a terminal': (dice) => `HEK\bLO ${letters(dice, 4)}`,
  UTF8: () => utf8('ÉHLO client.example'),
  'a command of another protocol': (dice) =>
    dice.pick(['USER x', 'CAPA', 'LIST', 'STAT', 'a001 LOGIN x y', 'AUTHINFO x']),
  'not offered': (dice) => dice.pick(['TURN', 'SEND FROM:<a@b.example>', 'SAML FROM:<a@b.example>']),
  ETRN: (dice) => `ETRN ${letters(dice, 4)}.example`,
  'a login where nobody logs in': (dice) => dice.pick(['AUTH PLAIN', 'AUTH LOGIN', 'AUTH CRAM-MD5']),
  LHLO: () => 'LHLO client.example',
  EXPN: (dice) => `EXPN ${letters(dice, 4)}`,
  'a method of HTTP': (dice) => `${dice.pick(['GET', 'POST', 'CONNECT'])} /${letters(dice, 4)} HTTP/1.1`,
};

const mail = line('MAIL FROM:<sender@example.org>');

const rules: readonly Rule[] = [
  {
    name: 'smtp name',
    service: 'smtp',
    forms: names,
    steps: (said, dice) => [line(anyCase(dice, dice.pick(['EHLO', 'HELO'])) + said)],
  },
  { name: 'smtp verb', service: 'smtp', prelude: () => ['EHLO client.example'], forms: spellings },
  {
    name: 'smtp first line',
    service: 'smtp',
    forms: unknown,
    steps: (said) => [line(said), line('EHLO client.example')],
  },
  {
    name: 'smtp unknown line',
    service: 'smtp',
    prelude: () => ['EHLO client.example'],
    forms: unknown,
    steps: (said) => [line(said), mail],
  },
];

export const smtpNames: readonly Kind[] = rules.flatMap(kindsOf);
