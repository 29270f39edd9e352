/** What docs/protocols.md says of reports to senders (DSN), of messages that are held, and of those that must go by TLS. */
import { ORIGINAL_RECIPIENT_LIMIT_BYTES } from '../../src/message/original-recipient.js';
import { ENVELOPE_ID_LIMIT_BYTES } from '../../src/smtp/dsn-parameters.js';
import { HOLD_LIMIT_DAYS } from '../../src/smtp/future-release.js';
import { replies } from '../../src/smtp/replies.js';
import { table } from './markdown.js';
import { first } from './protocol-tables.js';

export function reportSection(): readonly string[] {
  return [
    '## Reports to senders',
    'DSN (RFC 3461) is offered in submission, and in LMTP with `--outbound relay`: a server that takes NOTIFY promises the report, and without mail that goes out none could reach a sender elsewhere. On the port for other servers, and to devices, it is not offered: who sends there can name anybody as the sender, who would get reports that nobody asked for. The server before then says itself that it has passed the message on.',
    table(
      ['Parameter', 'What it may be', 'Otherwise', 'What it does'],
      [
        [
          'RET',
          '`FULL` or `HDRS`',
          first(replies.badParameter('RET')),
          'what a report of a failure brings back; one of anything else brings the header',
        ],
        [
          'ENVID',
          `xtext of printable ASCII, up to ${ENVELOPE_ID_LIMIT_BYTES} octets`,
          first(replies.badParameter('ENVID')),
          'stands in reports as Original-Envelope-Id',
        ],
        [
          'NOTIFY',
          '`NEVER`, or some of `SUCCESS`, `FAILURE`, `DELAY` with commas; without it, `FAILURE,DELAY`',
          first(replies.badParameter('NOTIFY')),
          'when the sender is told',
        ],
        [
          'ORCPT',
          `a type, a semicolon, and xtext, for \`utf-8\` as RFC 6533 has it; up to ${ORIGINAL_RECIPIENT_LIMIT_BYTES} octets`,
          first(replies.badParameter('ORCPT')),
          'stands in reports as Original-Recipient',
        ],
      ],
    ),
    'Each may be given once; a second is a syntax error. Nothing is ever reported to `<>`, and no report is answered by another.',
    table(
      ['What became of a recipient', 'With `NOTIFY=SUCCESS` the sender is told'],
      [
        ['in the maildrop here that the path leads to', '`delivered`'],
        [
          'an alias of several: in every maildrop here, and in the queue for the others',
          '`expanded`, once; of each in the queue only what goes wrong',
        ],
        ['sent on to a server that offers DSN', 'by that server: NOTIFY, ORCPT, RET and ENVID go along'],
        ['sent on to a server that does not', '`relayed`'],
        ['handed to LMTP that does not offer DSN', '`delivered`'],
        ['in LMTP, refused after the message', 'nothing: the server in front tells its sender'],
      ],
    ),
    'A report of success about a maildrop here is stored before the message is answered. So whoever heard 250 is reported to. Where the report cannot be stored it is tried again for 3 s (`PATIENCE_MS` in `src/smtp/success-report.ts`), while the client waits; then the answer is 250 without a report, and the log has a line with the `event` `untold`: the message is there, and must not come again. Where the sender has no maildrop any more, or a full one, the report is left out. It names recipients as the sender did: whose maildrop an alias leads to is not told.',
    'A sender elsewhere is told through the queue. In LMTP that is also true of senders that nobody has proved: a front that takes mail from everybody should not offer DSN to everybody.',
  ];
}

export function holdSection(): readonly string[] {
  return [
    '## Messages that are held',
    `With FUTURERELEASE (RFC 4865) who has logged in says when a message is to leave: \`HOLDFOR=seconds\` or \`HOLDUNTIL=2026-12-24T18:00:00Z\`, up to ${HOLD_LIMIT_DAYS} days ahead. It waits in the queue, where \`pennypost queue\` shows, releases and removes it, and its lifetime begins when it is released. A time that is over means now.`,
    table(
      ['What is asked', 'Reply'],
      [
        ['a time further ahead', first(replies.heldTooLong(HOLD_LIMIT_DAYS))],
        ['a value that is none, or both', first(replies.badParameter('HOLDFOR'))],
        ['a recipient here, or an alias with one', first(replies.heldForOthers('path'))],
      ],
    ),
    '## Messages that must go by TLS',
    'With REQUIRETLS (RFC 8689) a message is sent on over TLS with a certificate of the right name alone, and to servers that offer REQUIRETLS themselves; LMTP on this machine has arrived. Otherwise it goes back (`5.7.10`, `5.7.30`), with its header alone whatever RET says, and the report must go by TLS too, also where a server on its way does not offer REQUIRETLS.',
    'Messages go out by DATA, also to a server that offers CHUNKING (RFC 3030): what is stored has whole lines, so nothing needs BDAT, and BODY=BINARYMIME, for which BDAT was made, is taken from nobody ([decision 24](decisions/0024-an-smtp-client-of-our-own.md)).',
  ];
}
