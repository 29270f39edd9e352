/** NOOP: nothing but a reply (RFC 1939 §5). An argument is ignored here, and by the other commands that need none and remove nothing. */
import { stay } from '../../session/command.js';
import { anything } from '../../session/grammar.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';

export const noop = defineCommand({
  verb: 'NOOP',
  rfc: 'RFC 1939 §5',
  help: { syntax: '', summary: 'does nothing', example: 'NOOP', next: 'whatever could come before' },
  grammar: anything,
  at: ['transaction'],
  octets: true,
  serves: 'none',
  run: () => stay(replies.ok),
});
