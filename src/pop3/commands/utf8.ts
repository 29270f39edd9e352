/**
 * UTF8: the client can read UTF-8 in header fields (RFC 6856 §2). Messages are sent as they came in either way,
 * so there is nothing to remember.
 */
import { stay } from '../../session/command.js';
import { nothing } from '../../session/grammar.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';

export const utf8 = defineCommand({
  verb: 'UTF8',
  rfc: 'RFC 6856 §2',
  help: { syntax: '', summary: 'says that the client reads UTF-8', example: 'UTF8', next: 'USER' },
  grammar: nothing,
  at: ['authorization'],
  serves: 'none',
  announce: () => ['UTF8 USER'],
  run: () => stay(replies.utf8),
});
