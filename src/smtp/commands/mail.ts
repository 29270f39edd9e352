/**
 * MAIL FROM: opens a transaction (RFC 5321 §4.1.1.2) with what its parameters ask for (mail-parameters.ts). A message that is announced
 * as too large is refused before it is sent.
 */
import { whenReady } from '../../runtime/when-ready.js';
import { stay, type Outcome } from '../../session/command.js';
import { parsed, unparsed, type Grammar } from '../../session/grammar.js';
import type { Reply } from '../../session/reply.js';
import type { MaybePromise } from '../../store/shapes.js';
import { noteRefusal } from '../arrivals.js';
import { defineCommand, type SmtpContext } from '../context.js';
import { Copies } from '../copies.js';
import { holdLimits } from '../future-release.js';
import { mailSyntax, readMailParameters } from '../mail-parameters.js';
import { offersDsn, offersHold, offersRequireTls } from '../offers.js';
import { readParameters, type Parameters } from '../parameters.js';
import { withBrackets } from '../path-text.js';
import { readPath, type Path } from '../../message/path.js';
import { failureReply, replies } from '../replies.js';
import type { Hello, SmtpState, Transaction } from '../state.js';
import { qualified, senderRefusal } from '../submission.js';

interface MailArgument {
  /** Undefined when the path is not one. */
  readonly from: Path | undefined;
  readonly parameters: Parameters;
}

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
    syntax: `FROM:<sender> ${mailSyntax}`,
    summary: 'begins a message and names its sender, to whom failures are reported',
    example: 'MAIL FROM:<alice@example.org>',
    next: 'RCPT TO',
  },
  grammar: mailArgument,
  at: ['greeted'],
  needs: ['login'],
  announce: (context) => [
    ...[`SIZE ${context.settings.maxMessageSize}`, '8BITMIME', 'SMTPUTF8'],
    ...(offersDsn(context) ? ['DSN'] : []),
    ...(offersRequireTls(context) ? ['REQUIRETLS'] : []),
    ...(offersHold(context) ? [`FUTURERELEASE ${holdLimits(Date.now())}`] : []),
  ],
  run: (argument, { hello }, context) =>
    whenReady(begin(argument, hello, context), (led) =>
      noteRefusal(led, { reversePath: argument.from?.text, recipient: undefined }, hello, context),
    ),
});

function begin(
  { from: given, parameters }: MailArgument,
  hello: Hello,
  context: SmtpContext,
): MaybePromise<Outcome<SmtpState>> {
  if (given === undefined) return stay(replies.badSender);
  const from = hello.login === undefined ? given : qualified(given, context.settings.domain);
  const unavailable = context.store.availability();
  if (unavailable !== undefined) return stay(failureReply(unavailable));
  const asked = readMailParameters(parameters, context);
  if ('head' in asked) return stay(asked);
  if (from.international && !asked.international) return stay(replies.needUtf8);
  const transaction: Transaction = {
    at: 'transaction',
    hello,
    from,
    international: asked.international,
    eightBit: asked.eightBit,
    announcedOctets: asked.announcedOctets,
    onward: asked.onward,
    recipients: [],
    pathOctets: 0,
    copies: new Copies(),
    maildrops: 0,
  };
  const taken = (notTheirs: Reply | undefined): Outcome<SmtpState> =>
    notTheirs === undefined ? stay(replies.senderOk, transaction) : stay(notTheirs);
  return whenReady(senderRefusal(from, hello.login, context.store), taken);
}
