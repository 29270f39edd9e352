/**
 * `pennypost reload`: every server on the database reads its configuration again and replaces its workers, as at SIGHUP, and this
 * waits until they are new. What a server cannot take is said, and changes nothing there.
 */
import { optionFlags, type Command, type Invocation } from './command.js';
import { exit, Refusal } from './exit.js';
import { becomeOwnerOf } from './owner.js';
import { print } from './terminal.js';

async function reload(invocation: Invocation): Promise<number> {
  const { db } = invocation.load().configuration;
  becomeOwnerOf(db);
  const { askSupervisors } = await import('../cluster/control/control-client.js');
  const answers = await askSupervisors(db, 'reload');
  if (answers.length === 0) throw new Refusal(`No server runs on ${db}.`);
  const errors = answers.flatMap((answer) => ('error' in answer ? [answer.error] : []));
  if (errors.length > 0) throw new Refusal(`The configuration was not reloaded: ${errors.join('; ')}.`);
  await print('The configuration is reloaded, and every worker is new.\n');
  return exit.fine;
}

export const reloadCommands: readonly Command[] = [
  {
    words: 'reload',
    summary: 'Have the running server read its configuration again.',
    operands: [],
    flags: optionFlags('db'),
    examples: ['reload'],
    run: reload,
  },
];
