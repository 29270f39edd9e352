/**
 * `pennypost export`: an account's mail into files that other programs read. The octets are those that RETR sends; what the format
 * has no place for stands in a file beside them. Nothing is half written: the name is there when all of it is.
 */
import { basename } from 'node:path';
import type { MailboxWriter, WrittenFormat } from '../formats/mailbox.js';
import { TakenName } from '../formats/mailbox.js';
import { FOLDER_FORMATS, openWriter, writtenFormats } from '../formats/writers.js';
import { statIfThere } from '../runtime/stats.js';
import { StoreError } from '../store/errors.js';
import type { Mailboxes, MailSummary } from '../store/mailboxes.js';
import type { Address } from '../store/shapes.js';
import { each } from '../store/source.js';
import { optionFlags, UsageError, type Command, type Flag, type Invocation, type Operand } from './command.js';
import { exit, Interruption, Refusal } from './exit.js';
import { interruptible } from './interruption.js';
import { address, addressOperand } from './operand.js';
import { Progress } from './progress.js';
import { requireOther, withExistingStore } from './storage.js';
import { counted, print } from './terminal.js';

const pathOperand: Operand = { name: 'FILE', doc: 'a file (.mbox, .zip), or a folder (its name ends with /)' };

const formatFlag: Flag = {
  name: 'format',
  placeholder: 'FORMAT',
  doc: `One of ${writtenFormats.join(', ')}; by the name of FILE unless told: .mbox, .zip, and a maildir for a folder.`,
};

const forceFlag: Flag = { name: 'force', placeholder: '', doc: 'Replace a file of that name; a folder must be empty.' };

async function run(invocation: Invocation): Promise<number> {
  const owner = address(invocation.operands[0]);
  const { path, format } = targetOf(invocation.operands[1], invocation.text(formatFlag.name));
  const replaces = invocation.has(forceFlag.name);
  const { db } = invocation.load().configuration;
  await withExistingStore(db, async ({ mailboxes }) => {
    const total = await mailboxes.countMail(owner);
    if (total === undefined) throw new Refusal(`There is no account ${invocation.operands[0]}.`);
    await requireOther(path, db);
    await requireFree(path, replaces && !FOLDER_FORMATS.includes(format));
    const writer = await openWriter(format, { path, replaces, messages: total });
    const mail = { mailboxes, owner, total };
    const written = await interruptible((signal) => exportMail(mail, writer, signal)).catch((error: unknown) => {
      throw error instanceof TakenName ? taken(error.path) : error;
    });
    await print(`Exported ${counted(written, 'message')} to ${path}.\n`);
  });
  return exit.fine;
}

interface Mail {
  readonly mailboxes: Mailboxes;
  readonly owner: Address;
  readonly total: number;
}

/** How many messages. Whatever goes wrong, nothing of it stays. */
async function exportMail(mail: Mail, writer: MailboxWriter, signal: AbortSignal): Promise<number> {
  try {
    const written = await writeAll(mail, writer, signal);
    await writer.finish();
    return written;
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

async function writeAll(
  { mailboxes, owner, total }: Mail,
  writer: MailboxWriter,
  signal: AbortSignal,
): Promise<number> {
  const progress = await Progress.begin({ what: 'messages exported', total });
  let written = 0;
  try {
    for await (const summary of messagesOf(mailboxes, owner, total)) {
      if (signal.aborted) throw new Interruption('nothing was written.');
      if (await write({ mailboxes, owner }, summary, writer)) written += 1;
      progress.add(1);
    }
    return written;
  } finally {
    progress.end();
  }
}

/** Those that were there when it began. */
async function* messagesOf(mailboxes: Mailboxes, owner: Address, total: number): AsyncIterable<MailSummary> {
  let left = total;
  for (let page = await mailboxes.listMail(owner); left > 0 && page.length > 0;) {
    yield* page.slice(0, left);
    left -= page.length;
    page = await mailboxes.listMail(owner, page.at(-1));
  }
}

/** False for one that was removed meanwhile. */
async function write(
  { mailboxes, owner }: Omit<Mail, 'total'>,
  summary: MailSummary,
  to: MailboxWriter,
): Promise<boolean> {
  const source = await found(() => mailboxes.readMail(owner, summary.id));
  if (source === undefined) return false;
  await to.add(summary, each(source));
  return true;
}

async function found<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof StoreError && error.kind === 'missing') return undefined;
    throw error;
  }
}

function targetOf(given = '', format: string | undefined): { readonly path: string; readonly format: WrittenFormat } {
  const path = given.length > 1 ? given.replace(/\/+$/, '') : given;
  if (path === '' || ['.', '..'].includes(basename(path)))
    throw new UsageError(`'${given}' is no name for what is exported`);
  if (format !== undefined) return { path, format: formatNamed(format) };
  if (given.endsWith('/')) return { path, format: 'maildir' };
  if (/\.mbox$/i.test(path)) return { path, format: 'mbox' };
  if (/\.zip$/i.test(path)) return { path, format: 'zip' };
  throw new UsageError(`the name ${given} does not tell the format; end it with .mbox, .zip or /, or give --format`);
}

function formatNamed(text: string): WrittenFormat {
  const format = writtenFormats.find((one) => one === text);
  if (format === undefined) throw new UsageError(`--format takes one of ${writtenFormats.join(', ')}, not '${text}'`);
  return format;
}

/** Before anything is read; an empty folder is found by the writer, at the end. */
async function requireFree(path: string, replaces: boolean): Promise<void> {
  if (replaces || statIfThere(path) === undefined) return;
  const { readdir } = await import('node:fs/promises');
  const isEmptyFolder = await readdir(path).then((names) => names.length === 0, () => false); // prettier-ignore
  if (!isEmptyFolder) throw taken(path);
}

function taken(path: string): Refusal {
  return new Refusal(`There is something at ${path}; choose another name, or replace a file with --force.`);
}

export const exportCommands: readonly Command[] = [
  {
    words: 'export',
    summary: "Write an account's mail to an mbox, a maildir, .eml files or a zip file.",
    operands: [addressOperand, pathOperand],
    flags: [formatFlag, forceFlag, ...optionFlags('db')],
    examples: ['export alice@localhost alice.mbox', 'export alice@localhost mail/ --format eml'],
    run,
  },
];
