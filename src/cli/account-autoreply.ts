/** `pennypost account autoreply`: what an account answers by itself, and when. */
import { readFile } from 'node:fs/promises';
import { formatAddress } from '../message/mailbox.js';
import { printableLine } from '../message/printable.js';
import type { Autoreply } from '../store/autoreplies.js';
import { optionFlags, UsageError, type Command, type Flag, type Invocation, type Operand } from './command.js';
import { exit, Refusal } from './exit.js';
import { accountAddress, addressOperand, anyMoment } from './operand.js';
import { withExistingStore } from './storage.js';
import { moment, print } from './terminal.js';

const OFF = 'off';
const SUBJECT_LIMIT_CHARACTERS = 200;
const TEXT_LIMIT_BYTES = 64 * 1024;
/** RFC 5322 §2.1.1, without the CRLF. */
const LINE_LIMIT_BYTES = 998;

const offOperand: Operand = { name: OFF, doc: 'ends it', optional: true };
const subjectFlag: Flag = { name: 'subject', placeholder: 'TEXT', doc: 'Its subject.' };
const textFlag: Flag = { name: 'text', placeholder: 'FILE', doc: 'Its text, in UTF-8; - reads standard input.' };
const fromFlag: Flag = {
  name: 'from',
  placeholder: 'DATE',
  doc: "When it begins, in UTC, such as 2026-12-24 or '2026-12-24 17:00'; at once unless told.",
};
const untilFlag: Flag = { name: 'until', placeholder: 'DATE', doc: 'When it ends, likewise; never unless told.' };

async function autoreply(invocation: Invocation): Promise<number> {
  const [name, word] = invocation.operands;
  const account = accountAddress(name);
  const given = await read(invocation);
  if (word !== undefined && (word.toLowerCase() !== OFF || given !== undefined))
    throw new UsageError(
      `behind the address stands ${OFF}, or a --subject and a --text, or nothing, which shows what is set`,
    );
  const { db } = invocation.load().configuration;
  const now = await withExistingStore(db, async ({ autoreplies }) => {
    if (given !== undefined || word !== undefined) await autoreplies.setAutoreply(account, given);
    return autoreplies.findAutoreply(account);
  });
  await print(
    now === undefined ? `${formatAddress(account)} answers nobody by itself.\n` : shown(formatAddress(account), now),
  );
  return exit.fine;
}

function shown(account: string, { subject, text, fromMs, untilMs }: Autoreply): string {
  const when = [
    ...(fromMs === undefined ? [] : [` from ${moment(fromMs)}`]),
    ...(untilMs === undefined ? [] : [` until ${moment(untilMs)}`]),
  ].join('');
  return `${account} answers each sender once a week${when}.\n\nSubject: ${subject}\n\n${text.replaceAll('\r\n', '\n')}`;
}

/** Undefined where nothing is told. */
async function read(invocation: Invocation): Promise<Autoreply | undefined> {
  const [subject, file] = [subjectFlag, textFlag].map(({ name }) => invocation.text(name));
  const [from, until] = [fromFlag, untilFlag].map(({ name }) => invocation.text(name));
  if ([subject, file, from, until].every((text) => text === undefined)) return undefined;
  if (subject === undefined || file === undefined) throw new UsageError('an autoreply has a --subject and a --text');
  if (subject.trim() === '' || subject.length > SUBJECT_LIMIT_CHARACTERS || subject !== printableLine(subject))
    throw new UsageError(`--subject is a line of 1 to ${SUBJECT_LIMIT_CHARACTERS} characters`);
  const [fromMs, untilMs] = [from, until].map((text) => (text === undefined ? undefined : anyMoment(text)));
  if (untilMs !== undefined && untilMs <= (fromMs ?? Date.now()))
    throw new UsageError('--until is behind --from, and not past');
  return {
    subject,
    text: await textOf(file),
    ...(fromMs !== undefined && { fromMs }),
    ...(untilMs !== undefined && { untilMs }),
  };
}

/** Lines end with CRLF, and the last one ends. @throws Refusal */
async function textOf(file: string): Promise<string> {
  const octets = await readFile(file === '-' ? '/dev/stdin' : file).catch((error: unknown) => {
    throw new Refusal(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  });
  if (octets.length > TEXT_LIMIT_BYTES) throw new Refusal(`The text is longer than ${TEXT_LIMIT_BYTES} octets.`);
  const text = octets.toString();
  if (!Buffer.from(text).equals(octets) || text.includes('\0')) throw new Refusal(`${file} is no text in UTF-8.`);
  const lines = text.replace(/(?:\r?\n)+$/, '').split(/\r\n|\r|\n/);
  if (lines.some((line) => Buffer.byteLength(line) > LINE_LIMIT_BYTES))
    throw new Refusal(`A line of the text is longer than ${LINE_LIMIT_BYTES} octets.`);
  if (text.trim() === '') throw new Refusal(`${file} has no text.`);
  return lines.map((line) => `${line}\r\n`).join('');
}

export const accountAutoreplyCommand: Command = {
  words: 'account autoreply',
  summary: 'Answer each sender once a week, as while somebody is away; or show what is answered.',
  operands: [addressOperand, offOperand],
  flags: [subjectFlag, textFlag, fromFlag, untilFlag, ...optionFlags('db')],
  examples: [
    "account autoreply alice@localhost --subject 'I am away' --text away.txt --until 2027-01-06",
    'account autoreply alice@localhost',
    'account autoreply alice@localhost off',
  ],
  run: autoreply,
};
