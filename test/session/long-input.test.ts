/**
 * Whatever a stranger repeats, each parser that sees it takes time by its length: no pattern goes back over what it has seen, and no
 * loop begins again. Far beyond the limits that are asked first, so that a square would show; the time is generous.
 */
import { expect } from 'chai';
import { fromBase64 } from '../../src/auth/base64.js';
import { readClientFinal, readClientFirst } from '../../src/auth/mechanisms/scram-messages.js';
import { maskControls } from '../../src/log/one-line.js';
import { readProxyHeader } from '../../src/net/proxy-protocol.js';
import { pop3 } from '../../src/pop3/protocol.js';
import { NewlineCheck, NewlineNormalizer } from '../../src/bytes/newlines.js';
import { DotReader } from '../../src/session/body.js';
import { otherProtocolLine, otherProtocolOctets } from '../../src/session/other-protocol.js';
import { readRequest } from '../../src/session/request.js';
import { missingFields } from '../../src/message/missing-fields.js';
import { HopCount } from '../../src/message/hops.js';
import { readParameters } from '../../src/smtp/parameters.js';
import { withBrackets } from '../../src/smtp/path-text.js';
import { MessageStart } from '../../src/message/message-start.js';
import { parseMailbox } from '../../src/message/mailbox.js';
import { readPath } from '../../src/message/path.js';
import { lmtp, mx, submission } from '../../src/smtp/protocol.js';
import { readXtext } from '../../src/message/xtext.js';
import { PrintableDecoder } from '../../src/message/printable.js';
import { textOfHtml } from '../../src/message/html.js';
import { summarize } from '../../src/message/summary.js';
import { taken } from '../support/through.js';

const LENGTH = 64 * 1024;
/** For all inputs of one parser together; one square of the length is minutes. */
const LIMIT_MS = 20_000;
const TIMEOUT_MS = 60_000;

/** What a grammar must have read before it comes to what is repeated. */
const HEADS: Readonly<Record<string, readonly string[]>> = {
  EHLO: ['a '],
  MAIL: ['FROM:', 'FROM:a', 'FROM:<', 'FROM:<"', 'FROM:<@a', 'FROM:<a@', 'FROM:<a@b> '],
  RCPT: ['TO:<', 'TO:<"', 'TO:<@a', 'TO:<a@', 'TO:<a@b> '],
  AUTH: ['PLAIN ', 'PLAIN'],
  BDAT: ['1', '1 '],
  XCLIENT: ['NAME=', 'ADDR=1 '],
};
const REPEATED = [
  ...[
    ' ',
    '\t',
    '\r\n',
    '\r\n ',
    '\r',
    '\n',
    '.',
    '\r\n.',
    '@',
    '"',
    '\\',
    '\\"',
    '<',
    '>',
    ',',
    ':',
    ';',
    '=',
    '+',
    '-',
    '%',
  ],
  ...[
    'a',
    'a.',
    'a-',
    'a@',
    '@a,',
    'a=',
    ' a',
    ' a=',
    'a=a ',
    '+41',
    '=3D',
    'A',
    'A=',
    '=2C',
    ',a=',
    '1',
    '1 ',
    '[',
    ']',
    '(',
    ')',
  ],
  ...[
    'ü',
    'ü.',
    '\0',
    '\x1b',
    '\u202e',
    'Bcc: ',
    'a:\r\n',
    'Received:\r\n',
    '=?utf-8?q?',
    '=?a?q?a?= ',
    'charset',
    'charset=',
  ],
  ...['Subject: ', '<a', '</', '<!--', '<style', '&', '&#1', '-->'],
];
const ENDS = ['', '!', '>'];

function* inputs(heads: readonly string[] = []): Generator<string> {
  for (const head of ['', ...heads])
    for (const repeated of REPEATED) {
      const long = head + repeated.repeat(Math.ceil(LENGTH / repeated.length));
      for (const end of ENDS) yield long + end;
    }
}

function* octetInputs(): Generator<Buffer> {
  for (const head of ['', 'Content-Type: text/plain;', 'Subject: ', 'n,,n=', 'c=biws,r=', 'PROXY TCP4 '])
    for (const repeated of REPEATED) yield Buffer.from(head + repeated.repeat(Math.ceil(LENGTH / repeated.length)));
}

const rows = new Map(
  [mx, submission, lmtp, pop3].flatMap(({ commands }) => [...commands.values()].map((row) => [row.grammar, row.verb])),
);

const ofText: readonly (readonly [what: string, read: (text: string) => unknown, heads?: readonly string[]])[] = [
  ...[...rows].map(([grammar, verb]) => [`the argument of ${verb}`, grammar, HEADS[verb] ?? []] as const),
  ['a path', readPath, ['<', '<"', '<@a', '<a@']],
  ['how a path is spelled', withBrackets, ['<', '<"', 'a']],
  ['a mailbox', parseMailbox, ['"', 'a@', 'a@[']],
  ['parameters', readParameters, [' A=']],
  ['a line of another protocol', (argument) => otherProtocolLine({ verb: 'GET', argument, isUtf8: true }), ['http']],
  ['xtext', readXtext],
  ['base64', fromBase64],
  ['a masked line', maskControls],
];

const ofOctets: readonly (readonly [what: string, read: (octets: Buffer) => unknown])[] = [
  ['a command line', readRequest],
  ['the first octets', (octets) => otherProtocolOctets(octets, true, new Map())],
  ["SCRAM's first message", readClientFirst],
  ["SCRAM's last message", readClientFinal],
  ['a PROXY header', readProxyHeader],
  ['the count of hops', (octets) => new HopCount().look(octets)],
  ['the check of newlines', (octets) => new NewlineCheck().look(octets)],
  ['newlines made whole', (octets) => new NewlineNormalizer().pass(octets)],
  ['dots', (octets) => new DotReader().pass(octets)],
  ['a completed header', (octets) => taken(missingFields({ date: 'd', messageId: 'i' }), octets)],
  ['the beginning of a message', (octets) => taken(new MessageStart(), octets)],
  ['a summary', summarize],
  ['text for a terminal', (octets) => new PrintableDecoder().pass(octets)],
  ['HTML', (octets) => textOfHtml(octets.toString())],
];

function timed(what: string, run: () => void): void {
  it(what, () => {
    const beganMs = performance.now();
    run();
    expect(performance.now() - beganMs).to.be.below(LIMIT_MS);
  });
}

describe('long input takes time by its length', function () {
  this.timeout(TIMEOUT_MS);
  for (const [what, read, heads] of ofText)
    timed(what, () => {
      for (const text of inputs(heads)) read(text);
    });
  for (const [what, read] of ofOctets)
    timed(what, () => {
      for (const octets of octetInputs()) read(octets);
    });
});
