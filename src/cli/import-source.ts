/** Where `pennypost import` takes mail from: files here, or a maildrop on another server. */
import { readFileSync } from 'node:fs';
import { readPassword } from '../config/load.js';
import { NoMail, type FoundMail } from '../formats/found.js';
import { openMail, readFormats, type ReadFormat } from '../formats/readers.js';
import { formatAddress } from '../message/mailbox.js';
import { Pop3Failure } from '../pop3-client/connection.js';
import { openMaildrop } from '../pop3-client/maildrop.js';
import { isPop3Url, parsePop3Url, UnfitPop3Url, type Pop3Maildrop } from '../pop3-client/url.js';
import type { Address } from '../store/shapes.js';
import { UsageError, type Flag, type Invocation } from './command.js';
import { Refusal } from './exit.js';
import { ask, isTerminal } from './terminal.js';

export const sourceFlags = {
  format: {
    ...{ name: 'format', placeholder: 'FORMAT' },
    doc: `One of ${readFormats.join(', ')}; told by what FILE holds unless given.`,
  },
  passwordFile: {
    ...{ name: 'password-file', placeholder: 'FILE' },
    doc: 'The file whose first line is the password at the other server; without it PENNYPOST_FETCH_PASSWORD is, or it is asked for.',
  },
  delete: { name: 'delete', placeholder: '', doc: 'Remove from the other server what is here.' },
} as const satisfies Readonly<Record<string, Flag>>;

/** Of each name of a message (formats/found.ts) when it came, if it did. */
export type Known = (names: readonly string[]) => Promise<readonly (number | undefined)[]>;

/** All that is asked of a person is asked before it returns; what that returns opens the mail. @throws UsageError */
export async function sourceOf(invocation: Invocation, owner: Address): Promise<(known: Known) => Promise<FoundMail>> {
  const [, given = ''] = invocation.operands;
  const format = formatNamed(invocation.text(sourceFlags.format.name));
  if (!isPop3Url(given)) return () => openMail(given, format, namesOf(owner)).catch(refuseNoMail);
  if (format !== undefined) throw new UsageError('--format is for files; another server has none');
  const maildrop = maildropAt(given);
  const password = await passwordFor(invocation, maildrop);
  const deletes = invocation.has(sourceFlags.delete.name);
  const { maxMessageSize: maxOctets } = invocation.load().configuration;
  return (known) =>
    openMaildrop(maildrop, { password, removes: () => deletes, maxOctets, known }).catch((error: unknown) =>
      refuse(error, maildrop),
    );
}

/** What a failure of the source is called; anything else is what it is. */
export function sourceFailure(error: unknown, given = ''): unknown {
  if (!(error instanceof Pop3Failure)) return error;
  return new Refusal(`${parsePop3Url(given).host} ${error.message}.`);
}

function refuse(error: unknown, { host }: Pop3Maildrop): never {
  throw error instanceof Pop3Failure ? new Refusal(`${host} ${error.message}.`) : error;
}

function refuseNoMail(error: unknown): never {
  throw error instanceof NoMail ? new Refusal(`${error.message}.`) : error;
}

/** @throws UsageError */
export function maildropAt(url: string): Pop3Maildrop {
  try {
    return parsePop3Url(url);
  } catch (error) {
    throw error instanceof UnfitPop3Url ? new UsageError(error.message) : error;
  }
}

/** Of a file, a variable, or asked for. @throws UsageError */
export async function passwordFor(invocation: Invocation, { user, host }: Pop3Maildrop): Promise<string> {
  const file = invocation.text(sourceFlags.passwordFile.name);
  const given = file === undefined ? readPassword('fetch') : firstLineOf(file);
  const password = given ?? (await askFor(`Password of ${user} at ${host}: `));
  // eslint-disable-next-line no-control-regex -- exactly these cannot stand in a command
  if (password === '' || /[\x00\r\n]/.test(password)) throw new UsageError('the password must be one line of text');
  return password;
}

async function askFor(question: string): Promise<string> {
  if (!isTerminal())
    throw new UsageError(
      'there is no terminal to ask for the password on; give --password-file, or the variable PENNYPOST_FETCH_PASSWORD',
    );
  const [asked = ''] = await ask([question], { hidden: true });
  return asked;
}

function firstLineOf(file: string): string {
  return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0] ?? '';
}

/** In a folder with a mailbox file for each user. */
function namesOf(owner: Address): readonly string[] {
  const text = formatAddress(owner);
  return [text, owner.local, `${text}.mbox`, `${owner.local}.mbox`];
}

function formatNamed(text: string | undefined): ReadFormat | undefined {
  const format = readFormats.find((one) => one === text);
  if (text !== undefined && format === undefined)
    throw new UsageError(`--format takes one of ${readFormats.join(', ')}, not '${text}'`);
  return format;
}
