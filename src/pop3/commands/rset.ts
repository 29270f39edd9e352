/** RSET: no message is marked for removal any more (RFC 1939 §5). */
import { stay } from '../../session/command.js';
import { anything } from '../../session/grammar.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';

export const rset = defineCommand({
  verb: 'RSET',
  rfc: 'RFC 1939 §5',
  help: { syntax: '', summary: 'takes all marks for removal back', example: 'RSET', next: 'LIST, or QUIT' },
  grammar: anything,
  at: ['transaction'],
  octets: true,
  serves: 'none',
  run(_, { listing }) {
    listing.unmarkAll();
    return stay(replies.restored(listing.count, listing.octets));
  },
});
