/**
 * Where a new password comes from: --password, standard input, or a person who types it twice.
 * Never echoes it and never takes an empty one, one that no single line of POP3 could carry, or one that SASLprep
 * prohibits (RFC 4013).
 */
import { preparedToStore, UnfitPassword } from '../auth/preparation.js';
import type { PasswordLogin } from '../auth/secrets.js';
import { formatAddress } from '../message/mailbox.js';
import type { Address } from '../store/shapes.js';
import type { Logins } from '../store/logins.js';
import { UsageError, type Flag, type Invocation } from './command.js';
import { Refusal } from './exit.js';
import { readInput } from './standard-input.js';
import { ask, isTerminal } from './terminal.js';

/** One line of POP3 must carry it, behind PASS; this also ends a mistaken `--password-stdin < mail.db`. */
const PASSWORD_LIMIT_BYTES = 512;

export const passwordFlags: readonly Flag[] = [
  { name: 'password', placeholder: 'PASSWORD', doc: 'The password; other people on this machine can see it in ps.' },
  { name: 'password-stdin', placeholder: '', doc: 'Read the password from standard input.' },
];

export async function newPassword(invocation: Invocation): Promise<string> {
  const password = await read(invocation);
  if (password === '') throw new UsageError('the password is empty');
  // eslint-disable-next-line no-control-regex -- exactly these cannot stand in a POP3 command
  if (/[\x00\r\n]/.test(password)) throw new UsageError('the password must be one line of text');
  if (Buffer.byteLength(password) > PASSWORD_LIMIT_BYTES) throw tooLong();
  requireFit(password);
  return password;
}

/** What SCRAM keys depend on besides the password. */
export async function loginOf(store: Logins, address: Address): Promise<PasswordLogin> {
  return { address: await store.loginAddress(formatAddress(address)), saltSecret: await store.saltSecret() };
}

function requireFit(password: string): void {
  try {
    preparedToStore(password);
  } catch (error) {
    if (!(error instanceof UnfitPassword)) throw error;
    throw new UsageError(error.message);
  }
}

function tooLong(): UsageError {
  return new UsageError(`the password is longer than ${PASSWORD_LIMIT_BYTES} bytes`);
}

async function read(invocation: Invocation): Promise<string> {
  const flag = invocation.text('password');
  if (flag !== undefined && invocation.has('password-stdin'))
    throw new UsageError('--password and --password-stdin exclude each other');
  if (flag !== undefined) return flag;
  if (invocation.has('password-stdin')) {
    const input = await readInput(PASSWORD_LIMIT_BYTES);
    if (input === undefined) throw tooLong();
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
