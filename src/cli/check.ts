/**
 * `pennypost check`: whether everything in the database is as it was acknowledged, and whose mail is not. One line and status 0 when it
 * is. Changes nothing unless told; what a sender chose is shown without what could speak to a terminal.
 */
import { printableLine } from '../message/printable.js';
import type { AffectedMail, CheckReport, Finding, RepairReport } from '../store/maintenance.js';
import { jsonFlag, optionFlags, type Command, type Flag, type Invocation } from './command.js';
import { exit } from './exit.js';
import { steps } from './steps.js';
import { maintenanceOf } from './storage.js';
import { print, printJson } from './terminal.js';

const repairFlag: Flag = {
  name: 'repair',
  placeholder: '',
  doc: 'Mend counters, and rows that an outside delete left without what they belong to; only while no server runs.',
};

async function check(invocation: Invocation): Promise<number> {
  const { db } = invocation.load().configuration;
  const maintenance = await maintenanceOf(db);
  if (invocation.has(repairFlag.name)) {
    const repaired = await steps((progress) => maintenance.repair(db, progress));
    if (invocation.has(jsonFlag.name)) await printJson(repaired);
    else await printRepair(db, repaired);
    return statusOf(repaired.left);
  }
  const report = await steps((progress) => maintenance.check(db, progress));
  if (invocation.has(jsonFlag.name)) await printJson(report);
  else await printReport(db, report);
  return statusOf(report);
}

function statusOf({ findings }: CheckReport): number {
  return findings.length === 0 ? exit.fine : exit.refused;
}

async function printRepair(db: string, { mended, hashed, left }: RepairReport): Promise<void> {
  for (const finding of mended) await printFinding('mended', finding);
  if (hashed > 0) await print(`${hashed} bodies of before hashes were kept have theirs now.\n`);
  await printReport(db, left);
}

export async function printFindings({ findings }: CheckReport): Promise<void> {
  for (const finding of findings) await printFinding('wrong', finding);
}

async function printReport(db: string, report: CheckReport): Promise<void> {
  await printFindings(report);
  if (report.findings.length === 0) return print(`${db} is sound: ${summary(report)}.\n`);
  const mendable = report.findings.filter((finding) => finding.mendable).length;
  await print(`${db} is not sound: ${report.findings.length} findings, ${summary(report)}.\n`);
  if (mendable > 0) await print(`${mendable} of them are mended by 'pennypost check --repair' while no server runs.\n`);
  if (mendable < report.findings.length) await print('For the others: docs/operations.md, A damaged database.\n');
}

export function summary({ messages, octets, withoutHash, olderVersion }: CheckReport): string {
  const older = withoutHash === 0 ? '' : `, ${withoutHash} bodies without a hash to compare`;
  const version = olderVersion === undefined ? '' : `, of version ${olderVersion}`;
  return `${messages} messages, ${octets} octets of mail (each body once, without trace headers)${older}${version}`;
}

async function printFinding(word: string, { what, mail }: Finding): Promise<void> {
  await print(`${word}: ${printableLine(what)}\n`);
  for (const each of mail) await print(`  ${describe(each)}\n`);
}

function describe({ kind, whose, number, from, subject }: AffectedMail): string {
  const place = kind === 'maildrop' ? `${whose ?? '?'}, uid ${number}` : `queue ${number}, to ${whose ?? '?'}`;
  const told = [`from ${from ?? '-'}`, `subject ${subject ?? '-'}`];
  return printableLine([place, ...told].join(', '));
}

export const checkCommands: readonly Command[] = [
  {
    words: 'check',
    summary: 'Compare all mail with what was acknowledged, and the rest with itself.',
    operands: [],
    flags: [repairFlag, jsonFlag, ...optionFlags('db')],
    examples: ['check', 'check --repair'],
    run: check,
  },
];
