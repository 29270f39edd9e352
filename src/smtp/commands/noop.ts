/** NOOP: nothing but a reply; an argument is ignored (RFC 5321 §4.1.1.9). */
import { stay } from '../../session/command.js';
import { anything } from '../../session/grammar.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';

export const noop = defineCommand({
  verb: 'NOOP',
  rfc: 'RFC 5321 §4.1.1.9',
  help: { syntax: '[text]', summary: 'does nothing', example: 'NOOP', next: 'whatever could come before' },
  grammar: anything,
  at: ['start', 'greeted', 'transaction', 'chunking'],
  octets: true,
  serves: 'none',
  run: () => stay(replies.ok),
});
