/**
 * MAIL FROM: opens a transaction (RFC 5321 §4.1.1.2) with the parameters of SIZE (RFC 1870), 8BITMIME (RFC 6152)
 * and SMTPUTF8 (RFC 6531), and that of AUTH (RFC 4954 §5), which is read and trusted by nobody: servers send it where nobody
 * logs in too. A message that is announced as too large is refused before it is sent.
 */
import { whenReady } from '../../runtime/when-ready.js';
import { stay, type Outcome } from '../../session/command.js';
import { decimal, parsed, unparsed, type Grammar } from '../../session/grammar.js';
import type { Reply } from '../../session/reply.js';
import { defineCommand, type SmtpContext } from '../context.js';
import { Copies } from '../copies.js';
import { readParameters, type Parameters } from '../parameters.js';
import { withBrackets } from '../path-text.js';
import { readPath, type Path } from '../../message/path.js';
import { failureReply, replies } from '../replies.js';
import type { SmtpState, Transaction } from '../state.js';
import { qualified, senderRefusal } from '../submission.js';

interface MailArgument {
  /** Undefined when the path is not one. */
  readonly from: Path | undefined;
  readonly parameters: Parameters;
}

/** RFC 1870 §3: up to 20 digits. */
const SIZE_DIGITS = 20;

/** RFC 3461 §4; what it stands for, an address or `<>`, has no effect here. */
const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})+$/;

/** `FROM:<path> parameters`. */
const mailArgument: Grammar<MailArgument> = (text) => {
  const match = /^FROM:[ \t]*([^]+)$/i.exec(text);
  if (match === null) return unparsed;
  const read = readPath(withBrackets(match[1] as string) ?? '');
  const parameters = readParameters(read?.rest ?? '');
  if (parameters === undefined) return unparsed;
  return parsed({ from: read?.path, parameters });
};

export const mail = defineCommand({
  verb: 'MAIL',
  rfc: 'RFC 5321 §4.1.1.2',
  help: {
    syntax: 'FROM:<sender> [SIZE=octets] [BODY=7BIT|8BITMIME] [SMTPUTF8]',
    summary: 'begins a message and names its sender, to whom failures are reported',
    example: 'MAIL FROM:<alice@example.org>',
    next: 'RCPT TO',
  },
  grammar: mailArgument,
  at: ['greeted'],
  needs: ['login'],
  announce: ({ settings }) => [`SIZE ${settings.maxMessageSize}`, '8BITMIME', 'SMTPUTF8'],
  run({ from: given, parameters }, { hello }, context) {
    if (given === undefined) return stay(replies.badSender);
    const from = hello.login === undefined ? given : qualified(given, context.settings.domain);
    const unavailable = context.store.availability();
    if (unavailable !== undefined) return stay(failureReply(unavailable));
    const refusal = refusalOf(from, parameters, context);
    if (refusal !== undefined) return stay(refusal);
    const international = parameters.has('SMTPUTF8');
    const announcedOctets = sizeOf(parameters);
    const transaction: Transaction = {
      at: 'transaction',
      hello,
      from,
      international,
      eightBit: parameters.get('BODY')?.toUpperCase() === '8BITMIME',
      announcedOctets,
      recipients: [],
      pathOctets: 0,
      copies: new Copies(),
      maildrops: 0,
    };
    const taken = (notTheirs: Reply | undefined): Outcome<SmtpState> =>
      notTheirs === undefined ? stay(replies.senderOk, transaction) : stay(notTheirs);
    return whenReady(senderRefusal(from, hello.login, context.store), taken);
  },
});

function refusalOf(from: Path, parameters: Parameters, context: SmtpContext): Reply | undefined {
  for (const [keyword, value] of parameters) {
    const refusal = parameterRefusal(keyword, value, context);
    if (refusal !== undefined) return refusal;
  }
  return from.international && !parameters.has('SMTPUTF8') ? replies.needUtf8 : undefined;
}

function parameterRefusal(keyword: string, value: string | undefined, context: SmtpContext): Reply | undefined {
  switch (keyword) {
    case 'SIZE':
      return sizeRefusal(decimal(value ?? '', SIZE_DIGITS), context.settings.maxMessageSize);
    case 'BODY':
      return bodyRefusal(value?.toUpperCase());
    case 'SMTPUTF8':
      return value === undefined ? undefined : replies.badParameter('SMTPUTF8');
    case 'AUTH':
      return XTEXT.test(value ?? '') ? undefined : replies.badParameter('AUTH');
    default:
      return replies.unknownParameter(keyword);
  }
}

function sizeOf(parameters: Parameters): number | undefined {
  return decimal(parameters.get('SIZE') ?? '', SIZE_DIGITS);
}

function sizeRefusal(octets: number | undefined, limit: number): Reply | undefined {
  if (octets === undefined) return replies.badParameter('SIZE');
  return octets > limit ? replies.tooLarge(limit) : undefined;
}

function bodyRefusal(body: string | undefined): Reply | undefined {
  if (body === '7BIT' || body === '8BITMIME') return undefined;
  return body === 'BINARYMIME' ? replies.noBinaryMime : replies.badParameter('BODY');
}
