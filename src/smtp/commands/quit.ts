/** QUIT: the session ends after its reply, and a transaction that is open is gone (RFC 5321 §4.1.1.10); an argument is ignored. */
import { close } from '../../session/command.js';
import { anything } from '../../session/grammar.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';

export const quit = defineCommand({
  verb: 'QUIT',
  rfc: 'RFC 5321 §4.1.1.10',
  help: { syntax: '', summary: 'ends the session', example: 'QUIT', next: 'nothing: the server closes the connection' },
  grammar: anything,
  octets: true,
  at: ['start', 'greeted', 'transaction', 'chunking'],
  run: () => close(replies.bye),
});
