/** CAPA: what this server can do (RFC 2449), generated from the table. */
import { stay } from '../../session/command.js';
import { nothing } from '../../session/grammar.js';
import { announcements } from '../../session/protocol.js';
import { defineCommand, type Pop3Settings } from '../context.js';
import { replies } from '../replies.js';

/** In whole seconds (RFC 2449 §6.5); the same for every login. */
function loginDelay({ loginDelay: delayMs }: Pop3Settings): readonly string[] {
  return delayMs === 0 ? [] : [`LOGIN-DELAY ${Math.ceil(delayMs / 1000)}`];
}

export const capa = defineCommand({
  verb: 'CAPA',
  rfc: 'RFC 2449 §5',
  help: { syntax: '', summary: 'lists what this server can do', example: 'CAPA', next: 'whatever could come before' },
  grammar: nothing,
  at: ['authorization', 'transaction'],
  serves: 'none',
  announce: ({ settings }) => [
    ...['PIPELINING', 'RESP-CODES', 'AUTH-RESP-CODE', 'EXPIRE NEVER'],
    ...loginDelay(settings),
    'IMPLEMENTATION Pennypost',
  ],
  run: (_, state, context) => stay(replies.capabilities(announcements(context.table, context))),
});
