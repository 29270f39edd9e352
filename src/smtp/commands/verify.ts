/**
 * VRFY and EXPN: neither tells who has a mailbox here (RFC 5321 §7.3). VRFY answers 252, as §3.5.3 allows;
 * EXPN is not offered.
 */
import { stay } from '../../session/command.js';
import { anything, because, parsed, type Grammar } from '../../session/grammar.js';
import { defineCommand } from '../context.js';
import { replies } from '../replies.js';

const someone: Grammar<string> = (text) => (text === '' ? because('Say whom') : parsed(text));
const anywhere = ['start', 'greeted', 'transaction', 'chunking'] as const;

export const vrfy = defineCommand({
  verb: 'VRFY',
  rfc: 'RFC 5321 §4.1.1.6',
  help: {
    syntax: 'name',
    summary: 'asks whether a mailbox exists; never tells',
    example: 'VRFY postmaster',
    next: 'whatever could come before',
  },
  grammar: someone,
  at: anywhere,
  octets: true,
  serves: 'none',
  run: () => stay(replies.cannotVerify),
});

export const expn = defineCommand({
  verb: 'EXPN',
  rfc: 'RFC 5321 §4.1.1.7',
  help: {
    syntax: 'list',
    summary: 'asks who is on a mailing list; not offered',
    example: 'EXPN staff',
    next: 'whatever could come before',
  },
  grammar: anything,
  at: anywhere,
  octets: true,
  serves: 'none',
  run: () => stay(replies.noExpansion),
});
