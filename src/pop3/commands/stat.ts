/** STAT: how many messages and octets, those marked for removal left out (RFC 1939 §5). */
import { stay } from '../../session/command.js';
import { anything } from '../../session/grammar.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';

export const stat = defineCommand({
  verb: 'STAT',
  rfc: 'RFC 1939 §5',
  help: { syntax: '', summary: 'counts messages and octets', example: 'STAT', next: 'LIST, or RETR and a number' },
  grammar: anything,
  at: ['transaction'],
  octets: true,
  serves: 'none',
  run: (_, { listing }) => stay(replies.status(listing.count, listing.octets)),
});
