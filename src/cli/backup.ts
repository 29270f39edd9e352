/**
 * `pennypost backup`, `restore` and `rollback`: a copy of one moment beside a server, and its way back. A copy is named when it is
 * whole, on the disk and checked; nothing is ever put in the place of a database that is not moved aside first.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { durationMs } from '../config/units.js';
import type { BackupReport, Maintenance } from '../store/maintenance.js';
import { momentName } from '../runtime/durable-names.js';
import { statIfThere } from '../runtime/stats.js';
import { printFindings, summary } from './check.js';
import { optionFlags, UsageError, type Command, type Flag, type Invocation, type Operand } from './command.js';
import { exit, explainFailure } from './exit.js';
import { steps } from './steps.js';
import { maintenanceOf } from './storage.js';
import { moment, print } from './terminal.js';
import { typedFlag } from './typed.js';

const fileOperand: Operand = {
  name: 'FILE',
  doc: 'the copy; or a directory, for copies named by their moment',
};
const backupOperand: Operand = { name: 'FILE', doc: 'what `pennypost backup` made' };
const forceFlag: Flag = { name: 'force', placeholder: '', doc: 'Replace a file of that name, once the copy is whole.' };
const keepFlag: Flag = {
  name: 'keep',
  placeholder: 'N',
  doc: 'Keep the newest N copies in the directory, and remove older ones.',
};
const everyFlag: Flag = {
  name: 'every',
  placeholder: 'TIME',
  doc: 'Go on, and make a copy each time so much has passed, such as 1d.',
};

/** `mail-20261130T180000Z.db`: in the order of their moments. */
const NAME = /^mail-\d{8}T\d{6}Z\.db$/;

async function backup(invocation: Invocation): Promise<number> {
  const [file = ''] = invocation.operands;
  const keep = countOf(invocation.text(keepFlag.name));
  const everyMs = timeOf(invocation.text(everyFlag.name));
  const replaces = invocation.has(forceFlag.name);
  const { db } = invocation.load().configuration;
  const maintenance = await maintenanceOf(db);
  const isDirectory = statIfThere(file)?.isDirectory() === true;
  if (!isDirectory && keep === undefined && everyMs === undefined) return make(maintenance, { db, file, replaces });
  if (replaces) throw new UsageError('--force is for a single FILE; in a directory each copy has a name of its own');
  const once = async (): Promise<number> => {
    const status = await make(maintenance, { db, file: join(file, nameOf(Date.now())), replaces: false });
    if (status === exit.fine && keep !== undefined) await removeAllBut(keep, file);
    return status;
  };
  return everyMs === undefined ? once() : repeat(everyMs, once);
}

interface Wanted {
  readonly db: string;
  readonly file: string;
  readonly replaces: boolean;
}

async function make(maintenance: Maintenance, { db, file, replaces }: Wanted): Promise<number> {
  const made = await steps((progress) => maintenance.backUp(db, file, { replaces, progress }));
  await printFindings(made.report);
  await print(
    made.isKept ? kept(made) : `${db} is damaged, and so is a copy of it: none was kept. See 'pennypost check'.\n`,
  );
  return made.isKept ? exit.fine : exit.refused;
}

function kept({ file, atMs, report }: BackupReport): string {
  return `${file} holds what was acknowledged until ${moment(atMs)}, and is sound: ${summary(report)}.\n`;
}

/** What fails once is tried again next time: a full disk should not end all backups to come. */
async function repeat(everyMs: number, once: () => Promise<number>): Promise<never> {
  for (let nextMs = Date.now(); ; nextMs = Math.max(nextMs + everyMs, Date.now())) {
    await pause(nextMs - Date.now());
    await once().catch((error: unknown) => {
      const { status, lines } = explainFailure(error, 'backup');
      if (status === exit.bug || status === exit.usage) throw error;
      for (const line of lines) process.stderr.write(`pennypost: ${line}\n`);
    });
  }
}

/** Of the names that are made here, and of nothing else there. */
async function removeAllBut(count: number, directory: string): Promise<void> {
  const names = readdirSync(directory).filter((name) => NAME.test(name));
  for (const name of names.toSorted().slice(0, Math.max(0, names.length - count))) {
    rmSync(join(directory, name));
    await print(`Removed ${join(directory, name)}.\n`);
  }
}

function nameOf(atMs: number): string {
  return `mail-${momentName(atMs)}.db`;
}

function countOf(text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,5}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new UsageError(`--${keepFlag.name} takes a number from 1, not '${text}'`);
}

function timeOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? undefined : typedFlag(everyFlag, text, durationMs);
  if (ms !== 0) return ms;
  throw new UsageError(`--${everyFlag.name} takes a time above 0`);
}

async function restore(invocation: Invocation): Promise<number> {
  const [file = ''] = invocation.operands;
  const { db } = invocation.load().configuration;
  const maintenance = await maintenanceOf(db);
  const { report, isRestored, aside } = await steps((progress) => maintenance.restore(db, file, progress));
  await printFindings(report);
  if (!isRestored) await print(`${file} is damaged, and was not restored; ${db} is as it was.\n`);
  else await print(`${db} is now what was in ${file}: ${summary(report)}.\n${asideText(aside)}`);
  return isRestored ? exit.fine : exit.refused;
}

async function rollback(invocation: Invocation): Promise<number> {
  const { db } = invocation.load().configuration;
  const maintenance = await maintenanceOf(db);
  const done = await steps((progress) => maintenance.rollBack(db, progress));
  await printFindings(done.report);
  if (!done.isRestored) {
    await print(`What was kept before the upgrade is damaged; ${db} is as it was.\n`);
    return exit.refused;
  }
  await print(`${db} is now as it was before the upgrade, at ${moment(done.takenAtMs)}: ${summary(done.report)}.\n`);
  if (done.since !== 0)
    await print(`${done.since ?? 'An unknown number of'} messages that came since are not in it.\n`);
  await print(`${asideText(done.aside)}Start the Pennypost of before: this one would upgrade it again.\n`);
  return exit.fine;
}

function asideText(aside: string | undefined): string {
  return aside === undefined ? '' : `What was there is ${aside}; remove it when it is not wanted.\n`;
}

export const backupCommands: readonly Command[] = [
  {
    words: 'backup',
    summary: 'Copy the database as it is at one moment, also while the server runs.',
    operands: [fileOperand],
    flags: [forceFlag, keepFlag, everyFlag, ...optionFlags('db')],
    examples: ['backup /backup/mail.db', 'backup --keep 7 --every 1d /backup'],
    run: backup,
  },
  {
    words: 'restore',
    summary: 'Put a backup in the place of the database, which is kept; no server may run.',
    operands: [backupOperand],
    flags: optionFlags('db'),
    examples: ['restore /backup/mail.db'],
    run: restore,
  },
  {
    words: 'rollback',
    summary: 'Return to the database as it was before the last upgrade; no server may run.',
    operands: [],
    flags: optionFlags('db'),
    examples: ['rollback'],
    run: rollback,
  },
];
