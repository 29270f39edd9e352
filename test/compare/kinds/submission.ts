/** Submission: AUTH, and mail before and after it. */
import { PASSWORD } from '../../../bench/peers/accounts.js';
import { base64, kindsOf, letters, line, message, type Kind, type Rule } from '../kind.js';
import { auths, linesOf } from './pop3.js';

const HELLO = 'EHLO client.example';
const login = (mailbox: string): string => `AUTH PLAIN ${base64(`\0${mailbox}\0${PASSWORD}`)}`;

const rules: readonly Rule[] = [
  {
    name: 'submission AUTH',
    service: 'submission',
    prelude: () => [HELLO],
    forms: {
      ...auths,
      'without a mechanism': () => 'AUTH',
      'with an = behind it': (_, mailbox) => login(mailbox).replace(' ', '='),
    },
    steps: (said, _, mailbox) => [...linesOf(said), line(`MAIL FROM:<${mailbox}>`)],
  },
  {
    name: 'submission before EHLO',
    service: 'submission',
    forms: { AUTH: (_, mailbox) => login(mailbox) },
  },
  {
    name: 'submission order',
    service: 'submission',
    prelude: () => [HELLO],
    forms: {
      'MAIL without a login': (_, mailbox) => `MAIL FROM:<${mailbox}>\r\nRCPT TO:<${mailbox}>`,
      'AUTH twice': (_, mailbox) => `${login(mailbox)}\r\n${login(mailbox)}`,
      'AUTH inside a transaction': (_, mailbox) => `${login(mailbox)}\r\nMAIL FROM:<${mailbox}>\r\n${login(mailbox)}`,
      'EHLO behind AUTH': (_, mailbox) =>
        `${login(mailbox)}\r\n${HELLO}\r\nMAIL FROM:<${mailbox}>\r\nRCPT TO:<${mailbox}>`,
      'RSET behind AUTH': (_, mailbox) => `${login(mailbox)}\r\nRSET\r\nMAIL FROM:<${mailbox}>`,
    },
    steps: linesOf,
  },
  {
    name: 'submission message',
    service: 'submission',
    prelude: (mailbox) => [HELLO, login(mailbox), `MAIL FROM:<${mailbox}>`, `RCPT TO:<${mailbox}>`],
    forms: {
      'as it should be': (dice) => `Subject: ${letters(dice, 5)}\r\n\r\nx\r\n`,
      'no header': (dice) => `Battery low on UPS ${letters(dice, 2)}.\r\n`,
      'From of a mailbox file': (dice) =>
        `From ${letters(dice, 5)} Mon Jul 29 10:00:00 2024\r\nSubject: x\r\n\r\nx\r\n`,
      'a blank before the first line': (dice) => ` ${letters(dice, 5)}\r\nSubject: x\r\n\r\nx\r\n`,
      empty: () => '',
    },
    steps: (said) => [line('DATA'), message(`${said}.\r\n`)],
  },
];

export const submissionKinds: readonly Kind[] = rules.flatMap(kindsOf);
