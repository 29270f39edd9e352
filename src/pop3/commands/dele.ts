/**
 * DELE: marks a message for removal (RFC 1939 §5). Nothing is removed before QUIT.
 * Never renumbers; a marked message stays marked until RSET or the session's end.
 */
import { stay } from '../../session/command.js';
import { defineCommand } from '../context.js';
import { messageNumber } from '../grammar.js';
import { replies } from '../replies.js';

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
  run(number, { listing }) {
    const found = listing.find(number);
    if (!found.ok) return stay(replies[found.because]);
    listing.mark(number);
    return stay(replies.markedNow(number));
  },
});
