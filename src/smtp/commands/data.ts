/**
 * DATA: the message, ended by a line with a dot (RFC 5321 §4.1.1.4). The 250 after it means that the message is
 * durable for every recipient. Accepted or refused, the transaction is over.
 */
import type { BodyEnd } from '../../session/command.js';
import { nothing } from '../../session/grammar.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';
import { conclude, openReceiver } from '../transaction.js';

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
  run(_, state, context) {
    const receiver = openReceiver(state, context);
    return {
      kind: 'collect',
      reply: replies.sendData,
      framing: { until: 'dot' },
      sink: receiver,
      ended: ({ bareNewline }: BodyEnd) => conclude(receiver, bareNewline, state, context),
    };
  },
});
