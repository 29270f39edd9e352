/** What docs/protocols.md says of the addresses in envelopes, and of a message's octets on their way from a client to a client. */
import { DOMAIN_LIMIT_BYTES, LABEL_LIMIT_BYTES } from '../../src/message/domain.js';
import { MAILBOX_LINES_LIMIT } from '../../src/message/message-start.js';
import { PATH_LIMIT_BYTES } from '../../src/message/path.js';
import { replies } from '../../src/smtp/replies.js';
import { table } from './markdown.js';
import { first } from './protocol-tables.js';

export function addressSection(): readonly string[] {
  return [
    '## Addresses in envelopes',
    'The same in SMTP, submission and LMTP. What an account here may be called (`pennypost account add`) is narrower, by the letter of RFC 5321. A path comes out of Return-Path, the view `mail` and `mail show` as it was given.',
    table(
      ['What stands in the brackets', 'Sender', 'Recipient'],
      [
        [
          'a local part with dots anywhere, longer than 64 octets, empty, quoted as a whole or in parts (`bounces+tag=…@example.org`, `a..b@example.org`, `""@example.org`)',
          'taken',
          `taken where it leads to an account, an alias or a catch-all; otherwise ${first(replies.unknownMailbox('path'))}`,
        ],
        ['an account with a detail of any length (`alice+…@example.org`)', 'taken', 'taken'],
        ['a domain with underscores, or a dot at its end', 'taken', 'looked for without the dot'],
        [
          'no domain (`<ups>`)',
          'taken, and none is made up; in submission it gets the first domain',
          'of the first domain, as `<Postmaster>` is',
        ],
        ['a source route, or a name before a path (`<Alice <alice@example.org>>`)', 'left out', 'left out'],
        [
          'quotes around the whole address (`<"alice@example.org">`), or a comma or semicolon behind it (`<alice@example.org;>`)',
          'left out',
          'left out',
        ],
        ['UTF-8, without SMTPUTF8', first(replies.needUtf8), first(replies.needUtf8)],
        ['controls (C0, DEL, C1), U+2028, U+2029, anywhere', first(replies.badSender), first(replies.badRecipient)],
        [
          'outside quotes a blank, or one of `( ) , ; [ ] < >`; quotes that are not closed, or not at a dot',
          'the same',
          'the same',
        ],
        [
          `a domain with an empty label, one of more than ${LABEL_LIMIT_BYTES} octets, a hyphen at an end of one, or more than ${DOMAIN_LIMIT_BYTES} octets in all; a literal that is no address`,
          'the same',
          'the same',
        ],
        [`more than ${PATH_LIMIT_BYTES} octets, with the brackets`, 'the same', 'the same'],
        ['nothing (`<>`)', 'the null reverse-path', 'the same'],
      ],
    ),
  ];
}

export function octetSection(): readonly string[] {
  return [
    "## A message's octets",
    'Trace headers stand before each message (RFC 5321 §4.4): Return-Path, Delivered-To, Received. All else is kept byte for byte, also what is no header and no MIME, except:',
    table(
      ['Where', 'When', 'What is done'],
      [
        [
          'DATA, RETR, TOP',
          'a line begins with a dot',
          'the dot that was put before it is taken away, and put there again',
        ],
        ['RETR, TOP', 'a message does not end with CRLF', 'it gets one'],
        [
          'everywhere',
          'the first line is neither a field nor empty: text without a header, a blank or a tab first',
          'an empty line is put before it, so that it does not run into the trace headers',
        ],
        [
          'everywhere',
          `the first lines are those of mailbox files, \`From someone Mon Jul 29 …\` or \`>From …\`; at most ${MAILBOX_LINES_LIMIT}`,
          '`X-Mailbox-Line: ` is put before each, as Postfix does',
        ],
        ['submission', 'Date or Message-ID is missing', 'it is added behind the other fields'],
        ['submission', 'Bcc or Resent-Bcc', 'is removed, with its folded lines, up to the empty line'],
        [
          'submission',
          'a line in the header is no field',
          'an empty line is put before it: the header ends there, and the rest is text',
        ],
        [
          'SMTP, LMTP',
          'a line in the header is no field',
          'nothing: a signature may cover it, and nothing of it is before the message',
        ],
        ['everywhere, with `--bare-newlines normalize`', 'a CR or LF outside a CRLF', 'it becomes a CRLF'],
        ['`pennypost mail send`', 'a CR or LF outside a CRLF', 'it becomes a CRLF, since a file is no client'],
      ],
    ),
  ];
}
