/** Messages that have a file each: a maildir, with what Dovecot knows of it, or a folder of .eml files. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FileOctets } from './file-octets.js';
import type { FoundMessage } from './found.js';
import { linesOf } from './side-file-reader.js';
import { UID_LIST } from './maildir-writer.js';

interface MessageFile {
  readonly path: string;
  readonly uidl?: string | undefined;
}

/** Its files in the order of Dovecot's uids, or of their names, which begin with a time. */
export async function maildirFiles(folder: string): Promise<readonly MessageFile[]> {
  const uids = await uidsOf(folder);
  const files = [];
  for (const part of ['cur', 'new'])
    for (const name of await namesIn(join(folder, part)))
      files.push({ path: join(folder, part, name), ...uids.get(baseOf(name)) });
  return files.toSorted(
    (one, other) =>
      (one.uid ?? Infinity) - (other.uid ?? Infinity) || compare(basename(one.path), basename(other.path)),
  );
}

/** By their names. */
export async function emlFiles(folder: string): Promise<readonly MessageFile[]> {
  const names = (await namesIn(folder)).filter((name) => /\.eml$/i.test(name));
  return names.toSorted(compare).map((name) => ({ path: join(folder, name) }));
}

/** When it was received, as its file tells. */
export type TimeOf = (path: string, changedAtMs: number) => number | undefined;

/** One that was moved or removed since the folder was read is passed over: in a maildir, another program marks it as read. */
export async function* messagesIn(
  files: readonly MessageFile[],
  timeOf: TimeOf = () => undefined,
): AsyncGenerator<FoundMessage, void> {
  for (const { path, uidl } of files) {
    const changedAtMs = await lastChange(path);
    if (changedAtMs === undefined) continue;
    yield { place: path, bytes: 1, uidl, receivedAtMs: timeOf(path, changedAtMs), read: () => octetsOf(path) };
  }
}

/**
 * The earlier of the time in its name and of its last change. Dovecot keeps in the second when a message was received, and in the first
 * when it was put there; a copy of the files may have lost the second. What is before 1970 says nothing.
 */
export function maildirTime(path: string, changedAtMs: number): number {
  const [, seconds, micros = 0] = /^(\d{9,10})\.(?:M(\d{1,6}))?/.exec(basename(path)) ?? [];
  const named = seconds === undefined ? Infinity : Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  return Math.min(...[named, changedAtMs].filter((atMs) => atMs >= 0));
}

async function* octetsOf(path: string): AsyncGenerator<Buffer, void> {
  const file = await FileOctets.open(path);
  try {
    yield* file.range(0, file.bytes);
  } finally {
    await file.close();
  }
}

/** Of a regular file, in whole milliseconds. */
async function lastChange(path: string): Promise<number | undefined> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? Math.round(stats.mtimeMs) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * `3 V1700000000 N12 G…`, then a line a message: uid, what is known of it, a colon, its name without flags. P is its UIDL; without one
 * Dovecot says `%08Xu%08Xv`, uid and validity, unless it is configured otherwise.
 */
async function uidsOf(folder: string): Promise<ReadonlyMap<string, { readonly uid: number; readonly uidl: string }>> {
  const uids = new Map<string, { readonly uid: number; readonly uidl: string }>();
  let validity: number | undefined;
  for await (const line of linesOf(join(folder, UID_LIST))) {
    const begun = /^3 (?:.* )?V(\d+)(?: |$)/.exec(line)?.[1];
    if (validity === undefined) {
      if (begun === undefined) break; // Not of a version that is understood.
      validity = Number(begun);
      continue;
    }
    const [, uid, facts = '', name = ''] = /^(\d+) ([^:]*):(.*)$/.exec(line) ?? [];
    const uidl = /(?:^| )P(\S+)/.exec(facts)?.[1] ?? `${hex(Number(uid))}${hex(validity)}`;
    uids.set(baseOf(name), { uid: Number(uid), uidl });
  }
  return uids;
}

const HEX_DIGITS = 8;

function hex(number: number): string {
  return number.toString(16).padStart(HEX_DIGITS, '0');
}

/** Without flags, which change. */
function baseOf(name: string): string {
  return name.split(':', 1)[0] as string;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

const { compare } = new Intl.Collator('en', { numeric: true });
