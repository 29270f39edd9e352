/**
 * What the tables promise of their rows, held by the compiler: each line behind `@ts-expect-error` must not compile, and the build
 * of the tests fails when it does. Nothing of it runs.
 */
import type { ChangeName, Changes } from '../../src/store/sqlite/protocol/change.js';
import { options } from '../../src/config/options.js';
import { stay } from '../../src/session/command.js';
import { anything } from '../../src/session/grammar.js';
import { defineCommand } from '../../src/smtp/context.js';
import { replies } from '../../src/smtp/replies.js';

const help = { syntax: '', summary: '', example: '', next: '' };
const row = { verb: 'X', rfc: 'Pennypost', help, grammar: anything };

defineCommand({
  ...row,
  at: ['transaction'],
  run: (_argument, state) => stay(replies.ok, { ...state, maildrops: state.maildrops + state.recipients.length }),
});

defineCommand({
  ...row,
  at: ['transaction', 'greeted'],
  // @ts-expect-error -- a row that may run in two states has what both have
  run: (_argument, state) => stay(replies.recipientOk, state.recipients),
});

defineCommand({
  ...row,
  // @ts-expect-error -- there is no such state
  at: ['maildrop'],
  run: () => stay(replies.ok),
});

defineCommand({
  ...row,
  at: ['start'],
  // @ts-expect-error -- there is no such gate
  needs: ['root'],
  run: () => stay(replies.ok),
});

defineCommand({
  ...row,
  at: ['start'],
  // @ts-expect-error -- the argument is what the grammar makes of it
  run: (argument: number) => stay(replies.ok, argument),
});

/** Each option's parser makes what the configuration has under its name. */
options.smtpPort.parse('25') satisfies number;
// @ts-expect-error -- a port is a number
options.smtpPort.parse('25') satisfies string;

/** A change of the directory is a method of it, with what that is given. */
type Given<Name extends ChangeName> = Parameters<Changes[Name]>;
[{ local: 'alice', domain: 'example.org' }, { octets: 1 }] satisfies Given<'setQuota'>;
// @ts-expect-error -- octets are a number
[{ local: 'alice', domain: 'example.org' }, { octets: '1' }] satisfies Given<'setQuota'>;
// @ts-expect-error -- reading is no change
'accounts' satisfies ChangeName;
