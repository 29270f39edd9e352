/**
 * DATA: the message, ended by a line with a dot (RFC 5321 §4.1.1.4). The 250 after it means that the message is
 * durable for every recipient. Accepted or refused, the transaction is over.
 */
import { whenReady } from '../../runtime/when-ready.js';
import type { BodyEnd, Outcome } from '../../session/command.js';
import { nothing } from '../../session/grammar.js';
import { defineCommand, type SmtpContext } from '../context.js';
import type { MaybePromise } from '../../store/shapes.js';
import { replies, type SmtpReply } from '../replies.js';
import type { SmtpState, Transaction } from '../state.js';
import { conclude, giveUp, openReceiver } from '../transaction.js';

export const data = defineCommand({
  verb: 'DATA',
  rfc: 'RFC 5321 §4.1.1.4',
  help: {
    syntax: '',
    summary: 'sends the message: its header, an empty line, its text, and a line that holds only a dot',
    example: 'DATA',
    next: 'after the dot: MAIL FROM for another message, or QUIT',
  },
  grammar: nothing,
  at: ['transaction'],
  serves: 'mail',
  refuse: ({ recipients }) => (recipients.length === 0 ? replies.needRecipients : undefined),
  run: (_, state, context) => collectMessage(state, context),
});

/** `endCheck` is asked at the end of the message, and given what waits behind it: what it objects ends the session, too. */
export function collectMessage(
  state: Transaction,
  context: SmtpContext,
  endCheck: (behind: () => Uint8Array) => MaybePromise<SmtpReply | undefined> = () => undefined,
): Outcome<SmtpState> {
  const receiver = openReceiver(state, context);
  return {
    kind: 'collect',
    reply: replies.sendData,
    framing: { until: 'dot' },
    sink: receiver,
    ended: ({ bareNewline }: BodyEnd, behind) =>
      whenReady(endCheck(behind), (objection) =>
        objection === undefined
          ? conclude(receiver, bareNewline, state, context)
          : giveUp(receiver, objection, state, context),
      ),
  };
}
