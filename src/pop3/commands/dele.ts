/**
 * DELE: marks a message for removal (RFC 1939 §5). Nothing is removed before QUIT.
 * Never renumbers; a marked message stays marked until RSET or the session's end.
 */
import { stay } from '../../session/command.js';
import { defineCommand } from '../context.js';
import { messageNumber } from '../grammar.js';
import { replies } from '../replies.js';
import { withMessage } from '../resolve.js';

export const dele = defineCommand({
  verb: 'DELE',
  rfc: 'RFC 1939 §5',
  help: {
    syntax: 'number',
    summary: 'marks a message for removal',
    example: 'DELE 1',
    next: 'QUIT removes it, RSET keeps it',
  },
  grammar: messageNumber,
  at: ['transaction'],
  serves: 'mail',
  run: (number, { listing }) =>
    withMessage(number, listing, (message) => {
      listing.mark(number, message);
      return stay(replies.markedNow(number));
    }),
});
