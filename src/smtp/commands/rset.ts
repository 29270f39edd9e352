/** RSET: abandons the transaction that is open, if any (RFC 5321 §4.1.1.5). */
import { stay } from '../../session/command.js';
import { nothing } from '../../session/grammar.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';
import { greeted } from '../state.js';
import { dropReceiver } from '../transaction.js';

export const rset = defineCommand({
  verb: 'RSET',
  rfc: 'RFC 5321 §4.1.1.5',
  help: { syntax: '', summary: 'abandons the message that was begun', example: 'RSET', next: 'MAIL FROM' },
  grammar: nothing,
  at: ['start', 'greeted', 'transaction', 'chunking'],
  serves: 'none',
  run(_, state) {
    dropReceiver(state);
    return state.at === 'start' ? stay(replies.reset) : stay(replies.reset, greeted(state));
  },
});
