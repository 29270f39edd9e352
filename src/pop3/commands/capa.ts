/**
 * CAPA: what this server can do (RFC 2449), generated from the table. After a login EXPIRE is the account's; before it, the
 * fewest days that anybody has, since nobody knows yet who it will be (§6.7).
 */
import { whenReady } from '../../runtime/when-ready.js';
import { stay, type Outcome } from '../../session/command.js';
import { nothing } from '../../session/grammar.js';
import { announcements } from '../../session/protocol.js';
import { defineCommand, type Pop3Settings } from '../context.js';
import { replies } from '../replies.js';
import type { Pop3State } from '../state.js';

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
  announce: ({ settings, expiry = 'NEVER' }) => [
    ...['PIPELINING', 'RESP-CODES', 'AUTH-RESP-CODE', `EXPIRE ${expiry}`],
    ...loginDelay(settings),
    'IMPLEMENTATION Pennypost',
  ],
  run(_, state, context) {
    const announce = (expiry: string | undefined): Outcome<Pop3State> =>
      stay(replies.capabilities(announcements(context.table, { ...context, expiry })));
    if (state.at === 'transaction') return announce(state.expireDays?.toString());
    return whenReady(context.store.leastExpireDays(), (days) => announce(days === undefined ? days : `${days} USER`));
  },
});
