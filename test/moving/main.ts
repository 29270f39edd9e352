/**
 * Moves a large mailbox about, by hand: `node dist/test/moving/main.js 100000` makes an mbox of so many messages, imports it, exports it in
 * each format, imports that elsewhere, and compares the octets. Prints what each step took; the status is 1 when an octet differs.
 */
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountIn } from '../support/administration.js';
import { corpus } from '../support/corpus.js';
import { pennypost } from '../cli/pennypost.js';

const SMALL = 1000;
const FROM = Buffer.from('From a@example.net Mon Jan  1 00:00:00 2024\n');
const EMPTY_LINE = Buffer.from('\n');
const ADDRESS = 'alice@example.org';
const TARGETS = ['alice.mbox', 'alice.zip', 'maildir/', 'eml/'] as const;

const messages = Number(process.argv[2] ?? SMALL);
const directory = mkdtempSync(join(tmpdir(), 'pennypost-moving-'));

async function writeMbox(path: string): Promise<void> {
  const file = createWriteStream(path);
  for (const { octets } of corpus(messages)) {
    const text = octets
      .toString('latin1')
      .replaceAll('\r\n', '\n')
      .replace(/^(>*From )/gm, '>$1');
    const piece = Buffer.concat([FROM, Buffer.from(text, 'latin1'), EMPTY_LINE]);
    if (!file.write(piece)) await once(file, 'drain');
  }
  await new Promise<void>((resolve) => file.end(resolve));
}

async function step(argv: readonly string[]): Promise<void> {
  const beganMs = performance.now();
  const { status, stderr } = await pennypost(argv, { directory });
  if (status !== 0) throw new Error(`pennypost ${argv.join(' ')}: ${status} ${stderr}`);
  const seconds = (performance.now() - beganMs) / 1000;
  console.log(`${argv.join(' ').padEnd(70)} ${seconds.toFixed(1)} s, ${Math.round(messages / seconds)} messages/s`);
}

/** Their hashes, in order. */
async function hashes(db: string): Promise<readonly unknown[]> {
  const name = `${db}.mbox`;
  await step(['export', ADDRESS, name, '--db', db]);
  const lines = readFileSync(join(directory, `${name}.pennypost.jsonl`), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line) => (JSON.parse(line) as { readonly sha256: unknown }).sha256);
}

try {
  await writeMbox(join(directory, 'corpus'));
  console.log(`${messages} messages, ${Math.round(statSync(join(directory, 'corpus')).size / 1e6)} MB`);
  await accountIn(join(directory, 'first.db'), ADDRESS, 'secret');
  await step(['import', ADDRESS, 'corpus', '--db', 'first.db']);
  await step(['import', ADDRESS, 'corpus', '--db', 'first.db']);
  const wanted = await hashes('first.db');
  if (wanted.length !== messages) throw new Error(`${wanted.length} of ${messages} messages came`);
  for (const target of TARGETS) {
    const format = target === 'eml/' ? ['--format', 'eml'] : [];
    await step(['export', ADDRESS, target, ...format, '--db', 'first.db']);
    const db = `${target.replace(/\W/g, '-')}.db`;
    await accountIn(join(directory, db), ADDRESS, 'secret');
    await step(['import', ADDRESS, target, '--keep-uidl', '--db', db]);
    const found = await hashes(db);
    const differ = wanted.filter((hash, at) => hash !== found[at]).length + Math.abs(wanted.length - found.length);
    console.log(differ === 0 ? 'the same octets' : `${differ} messages differ`);
    if (differ !== 0) process.exitCode = 1;
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
