/** Where a new password comes from: --password, standard input, or a person who types it twice. Never echoes it. */
import { PASSWORD_LIMIT_BYTES, requireFit } from '../auth/new-password.js';
import { UnfitPassword } from '../auth/preparation.js';
import { UsageError, type Flag, type Invocation } from './command.js';
import { Refusal } from './exit.js';
import { readInput } from './standard-input.js';
import { ask, isTerminal } from './terminal.js';

export const passwordFlags: readonly Flag[] = [
  { name: 'password', placeholder: 'PASSWORD', doc: 'The password; other people on this machine can see it in ps.' },
  { name: 'password-stdin', placeholder: '', doc: 'Read the password from standard input.' },
];

export async function newPassword(invocation: Invocation): Promise<string> {
  const password = await read(invocation);
  requireUsable(password);
  return password;
}

function requireUsable(password: string): void {
  try {
    requireFit(password);
  } catch (error) {
    if (!(error instanceof UnfitPassword)) throw error;
    throw new UsageError(error.message);
  }
}

async function read(invocation: Invocation): Promise<string> {
  const flag = invocation.text('password');
  if (flag !== undefined && invocation.has('password-stdin'))
    throw new UsageError('--password and --password-stdin exclude each other');
  if (flag !== undefined) return flag;
  if (invocation.has('password-stdin')) {
    const input = await readInput(PASSWORD_LIMIT_BYTES);
    if (input === undefined) throw new UsageError(`the password is longer than ${PASSWORD_LIMIT_BYTES} bytes`);
    return input;
  }
  if (isTerminal()) return askTwice();
  throw new UsageError('there is no terminal to ask for the password on; give --password-stdin or --password');
}

async function askTwice(): Promise<string> {
  const [first = '', second] = await ask(['New password: ', 'Again: '], { hidden: true });
  if (first !== second) throw new Refusal('The two passwords differ; nothing was changed.');
  return first;
}
