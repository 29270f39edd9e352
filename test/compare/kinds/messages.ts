/** Messages: header, text, charsets, lengths and line ends, behind DATA of SMTP and LMTP. */
import {
  between,
  kindsOf,
  letters,
  line,
  message,
  utf8,
  type Form,
  type Kind,
  type Rule,
  type ServiceName,
} from '../kind.js';

const HEADER = 'From: <sender@example.org>\r\nSubject: compared\r\n';

/** The message without the line that ends it. */
const messages: Readonly<Record<string, Form>> = {
  'as it should be': (dice) => `${HEADER}\r\n${letters(dice, 40)}\r\n`,
  empty: () => '',
  'an empty line': () => '\r\n',
  'no header': (dice) => `Battery low on UPS ${dice.roll(9)}.\r\n`,
  'an empty line before the header': (dice) => `\r\n${HEADER}\r\n${letters(dice, 5)}\r\n`,
  'a blank before the first line': (dice) => ` ${letters(dice, 5)}\r\n${HEADER}\r\nx\r\n`,
  'a tab before the first line': (dice) => `\t${letters(dice, 5)}\r\n\r\nx\r\n`,
  'From of a mailbox file': (dice) => `From someone Mon Jul 29 10:00:0${dice.roll(9)} 2024\r\n${HEADER}\r\nx\r\n`,
  '>From of a mailbox file': (dice) => `>From someone Mon Jul 29 10:00:0${dice.roll(9)} 2024\r\n${HEADER}\r\nx\r\n`,
  'a header alone': (dice) => `${HEADER}X-Y: ${letters(dice, 5)}\r\n`,
  'a field without a colon': (dice) => `${HEADER}${letters(dice, 8)}\r\nX: y\r\n\r\nx\r\n`,
  'a blank before a colon': (dice) => `Subject : ${letters(dice, 5)}\r\n\r\nx\r\n`,
  'a field without a name': (dice) => `: ${letters(dice, 5)}\r\n\r\nx\r\n`,
  'a folded field': (dice) => `Subject: a\r\n ${letters(dice, 5)}\r\n\t${letters(dice, 5)}\r\n\r\nx\r\n`,
  'a fold of blanks': (dice) => `Subject: a\r\n${' '.repeat(between(dice, 1, 9))}\r\nTo: x\r\n\r\nx\r\n`,
  'fields twice': () => `${HEADER}${HEADER}\r\nx\r\n`,
  'many fields': (dice) => `${HEADER}${'X-Y: z\r\n'.repeat(between(dice, 500, 3000))}\r\nx\r\n`,
  'a field of many octets': (dice) => `Subject: ${letters(dice, between(dice, 1000, 9000))}\r\n\r\nx\r\n`,
  'a field of 100 KiB': (dice) => `X-Y: ${`${letters(dice, 70)}\r\n `.repeat(between(dice, 1000, 2000))}\r\n\r\nx\r\n`,
  'up to 50 Received': (dice) => `${'Received: from a by b\r\n'.repeat(between(dice, 1, 48))}${HEADER}\r\nx\r\n`,
  '51 to 99 Received': (dice) => `${'Received: from a by b\r\n'.repeat(between(dice, 51, 99))}${HEADER}\r\nx\r\n`,
  'more than 100 Received': (dice) =>
    `${'Received: from a by b\r\n'.repeat(between(dice, 102, 300))}${HEADER}\r\nx\r\n`,
  'Delivered-To of the recipient': (_, mailbox) => `Delivered-To: ${mailbox}\r\n${HEADER}\r\nx\r\n`,
  'UTF-8 in the header': (dice) => utf8(`Subject: Grüße ${dice.roll(99)}\r\n\r\nx\r\n`),
  'Latin-1 in the header': (dice) => `Subject: Gr\xfc\xdfe ${dice.roll(99)}\r\n\r\nx\r\n`,
  'UTF-8 in the text': (dice) => utf8(`${HEADER}\r\n${dice.pick(['Grüße', '郵便', '📬'])}\r\n`),
  'Latin-1 in the text': (dice) => `${HEADER}\r\nGr\xfc\xdfe ${dice.roll(99)}\r\n`,
  'octets of every value': (dice) => `${HEADER}\r\n${dice.pick(['\x80\xff', '\x01\x02', '\x7f', '\x1b[0m'])}\r\n`,
  'a NUL': (dice) => `${HEADER}\r\n${letters(dice, 3)}\0${letters(dice, 3)}\r\n`,
  'a NUL in the header': (dice) => `Subject: ${letters(dice, 3)}\0\r\n\r\nx\r\n`,
  'a line of 998': (dice) => `${HEADER}\r\n${letters(dice, between(dice, 900, 998))}\r\n`,
  'a line of more than 998': (dice) => `${HEADER}\r\n${letters(dice, between(dice, 999, 4000))}\r\n`,
  'a line of 100 KiB': (dice) => `${HEADER}\r\n${letters(dice, between(dice, 60_000, 120_000))}\r\n`,
  'no text': () => `${HEADER}\r\n`,
  'lines of dots': (dice) => `${HEADER}\r\n${'..\r\n'.repeat(between(dice, 1, 9))}..x\r\n`,
  'a dot that was not doubled': (dice) => `${HEADER}\r\n.${letters(dice, 3)}\r\n`,
  'a dot and a blank': (dice) => `${HEADER}\r\n. \r\n${letters(dice, 3)}\r\n`,
  'empty lines': (dice) => `${HEADER}${'\r\n'.repeat(between(dice, 2, 99))}`,
  'a MIME that is broken': (dice) => `Content-Type: multipart/mixed; boundary="${letters(dice, 3)}"\r\n\r\n--x\r\n\r\n`,
  'a MIME of many parts': (dice) =>
    `Content-Type: multipart/mixed; boundary=x\r\n\r\n${'--x\r\n\r\n'.repeat(between(dice, 10, 200))}--x--\r\n`,
  'a line with an LF': (dice) => `${HEADER}\r\n${letters(dice, 3)}\n${letters(dice, 3)}\r\n`,
  'a line with a CR': (dice) => `${HEADER}\r\n${letters(dice, 3)}\r${letters(dice, 3)}\r\n`,
  'CR CR LF': (dice) => `${HEADER}\r\n${letters(dice, 3)}\r\r\n`,
  'LF for every line end': (dice) => `${HEADER}\r\n${letters(dice, 9)}\r\n`.replaceAll('\r', ''),
};

function ruleOf(service: ServiceName): Rule {
  const hello = service === 'lmtp' ? 'LHLO front.example' : 'EHLO client.example';
  return {
    name: `${service} message`,
    service,
    prelude: (mailbox) => [hello, 'MAIL FROM:<sender@example.org>', `RCPT TO:<${mailbox}>`],
    forms: messages,
    steps: (said) => [line('DATA'), message(`${said}${said === '' || said.endsWith('\n') ? '' : '\r\n'}.\r\n`)],
  };
}

export const smtpMessages: readonly Kind[] = kindsOf(ruleOf('smtp'));
export const lmtpMessages: readonly Kind[] = kindsOf(ruleOf('lmtp'));
