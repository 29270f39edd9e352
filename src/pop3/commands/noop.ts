/** NOOP: nothing but a reply (RFC 1939 §5). */
import { stay } from '../../session/command.js';
import { nothing } from '../../session/grammar.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';

export const noop = defineCommand({
  verb: 'NOOP',
  rfc: 'RFC 1939 §5',
  help: { syntax: '', summary: 'does nothing', example: 'NOOP', next: 'whatever could come before' },
  grammar: nothing,
  at: ['transaction'],
  serves: 'none',
  run: () => stay(replies.ok),
});
