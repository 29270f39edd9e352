/**
 * What commands say and ask: bytes and tables on standard output, questions on standard error.
 * Text that came from a sender never reaches a terminal as control characters. A write that fails rejects.
 */
import { Buffer } from 'node:buffer';
import { fstatSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Interruption } from './exit.js';

const STDOUT = 1;

/** A longer cell is cut: `--json` has it whole. */
const CELL_LIMIT_CHARACTERS = 60;
/** What and its value: nothing stands behind it, and a reason is of no use without its end. */
const PAIR = 2;

/** No frame, and two spaces between columns: as easy for awk as for people. */
const FRAMELESS = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid', 'middle']
    .flatMap((edge) => [edge, `${edge}-mid`, `${edge}-left`, `${edge}-right`])
    .map((name) => [name, '']),
);

export async function print(text: string | Uint8Array): Promise<void> {
  if (isFile()) return writeWhole(Buffer.from(text));
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** Node's own stream drops what a nearly full disk had no room for, and says nothing. */
function writeWhole(bytes: Buffer): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(writeSync(STDOUT, rest));
}

function isFile(): boolean {
  return fstatSync(STDOUT).isFile();
}

/** What is undefined is null, so that every object of a list has the same keys. */
export function json(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (item === undefined ? null : item), 2);
}

export function printJson(value: unknown): Promise<void> {
  return print(`${json(value)}\n`);
}

/** Without a head it goes on from one that was printed before. A cell that has more characters than `limit` is cut, but of no pair. */
export async function printTable(
  head: readonly string[] | undefined,
  rows: readonly (readonly (string | number)[])[],
  limit = head?.length === PAIR ? Infinity : CELL_LIMIT_CHARACTERS,
): Promise<void> {
  const { default: Table } = await import('cli-table3'); // Few commands print one.
  const table = new Table({
    chars: FRAMELESS,
    style: { 'padding-left': 0, 'padding-right': 2, head: [], border: [] },
    colAligns: (head ?? rows[0] ?? []).map((_, column) => (typeof rows[0]?.[column] === 'number' ? 'right' : 'left')),
  });
  if (head !== undefined) table.push([...head]);
  table.push(...rows.map((row) => row.map((value) => cell(value, limit))));
  const lines = table.toString().split('\n');
  return print(lines.map((line) => `${line.trimEnd()}\n`).join(''));
}

/** A moment in UTC, or a dash for never; a number that is no moment stays one. */
export function moment(atMs: number | undefined): string {
  if (atMs === undefined) return '-';
  const at = new Date(atMs);
  return isNaN(at.valueOf()) ? String(atMs) : `${at.toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

/** A number of things, whose plural ends with s. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function isTerminal(): boolean {
  return process.stdin.isTTY;
}

/** Asks each question in turn; `hidden` answers are not echoed. @throws Interruption on Control-C and Control-D. */
export async function ask(questions: readonly string[], { hidden = false } = {}): Promise<readonly string[]> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const dialogue = createInterface({ input: process.stdin, output: hidden ? silent : process.stderr, terminal: true });
  // An iterator keeps a line that comes before its question, as both do when somebody pastes them.
  const lines = dialogue[Symbol.asyncIterator]();
  try {
    const answers: string[] = [];
    for (const question of questions) answers.push(await answer(question, lines));
    return answers;
  } finally {
    dialogue.close();
  }

  async function answer(question: string, given: AsyncIterator<string>): Promise<string> {
    if (hidden) process.stderr.write(question);
    dialogue.setPrompt(hidden ? '' : question);
    dialogue.prompt();
    const line = await given.next();
    if (hidden || line.done === true) process.stderr.write('\n');
    if (line.done === true) throw new Interruption();
    return line.value;
  }
}

function cell(value: string | number, limit: number): string {
  const text = String(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
  const characters = Array.from(text);
  return characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : text;
}
