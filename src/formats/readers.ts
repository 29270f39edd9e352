/** What kind of mailbox a path is, by what it holds, and who reads it. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileOctets } from './file-octets.js';
import { emlFiles, maildirFiles, maildirTime, messagesIn } from './folder-reader.js';
import { NoMail, type FoundMail } from './found.js';
import { MboxReader, type MboxDialect } from './mbox-reader.js';
import { besideMbox, SIDE_FILE } from './side-file.js';
import { sideFileAt } from './side-file-reader.js';

export type ReadFormat = MboxDialect | 'maildir' | 'eml' | 'zip';

const ZIP_BEGINNING = Buffer.from('PK\x03\x04');
/** A field, as a message begins with. */
const FIELD = /^[!-9;-~]{1,200}[ \t]*:/;
const SQLITE_BEGINNING = Buffer.from('SQLite format 3\0');
const SEEN_BYTES = 256;

const READERS: Readonly<Record<ReadFormat, (path: string) => Promise<FoundMail>>> = {
  mboxrd: (path) => openMbox(path, 'mboxrd'),
  mboxo: (path) => openMbox(path, 'mboxo'),
  mboxcl2: (path) => openMbox(path, 'mboxcl2'),
  maildir: openMaildir,
  eml: openEml,
  zip: async (path) => (await import('./zip-reader.js')).openZip(path),
};

export const readFormats = Object.keys(READERS) as readonly ReadFormat[];

/** `names`: what a file is called in a folder with a mailbox file a user. @throws NoMail */
export async function openMail(
  path: string,
  format: ReadFormat | undefined,
  names: readonly string[],
): Promise<FoundMail> {
  const isFolder = (await stat(path)).isDirectory();
  const file = isFolder ? await fileIn(path, names) : path;
  if (file !== undefined) await (await FileOctets.open(file)).close(); // Not every reader would say that it is no regular file.
  if (format !== undefined) return READERS[format](format === 'maildir' || format === 'eml' ? path : (file ?? path));
  if (file !== undefined) return openFile(file);
  if (await isMaildir(path)) return openMaildir(path);
  if ((await emlFiles(path)).length > 0) return openEml(path);
  throw new NoMail(`${path} is no maildir, has no .eml files, and no mailbox file named ${names.join(' or ')}`);
}

/** The mailbox file of the user. */
async function fileIn(folder: string, names: readonly string[]): Promise<string | undefined> {
  if (await isMaildir(folder)) return undefined;
  const found = (await readdir(folder, { withFileTypes: true })).filter((entry) => !entry.isDirectory());
  const name = names.find((one) => found.some((entry) => entry.name === one));
  return name === undefined ? undefined : join(folder, name);
}

async function isMaildir(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  return names.includes('cur') || names.includes('new');
}

async function openFile(path: string): Promise<FoundMail> {
  const file = await FileOctets.open(path);
  if (MboxReader.begins(file)) return mbox(file, MboxReader.dialectOf(file));
  const seen = file.at(0, SEEN_BYTES);
  await file.close();
  if (seen.indexOf(ZIP_BEGINNING) === 0) return READERS.zip(path);
  if (FIELD.test(seen.toString('latin1'))) return openEml(path);
  if (file.bytes === 0) return empty(path);
  throw new NoMail(`${path} begins neither as an mbox nor as a message or a zip file`);
}

async function openMbox(path: string, dialect: MboxDialect): Promise<FoundMail> {
  const file = await FileOctets.open(path);
  if (file.bytes === 0 || MboxReader.begins(file)) return mbox(file, dialect);
  await file.close();
  throw new NoMail(`${path} does not begin with the From line of an mbox`);
}

async function mbox(file: FileOctets, dialect: MboxDialect): Promise<FoundMail> {
  const reader = new MboxReader(file, dialect);
  return {
    kind: `an mbox (${dialect})`,
    bytes: file.bytes,
    side: await sideFileAt(besideMbox(file.path)),
    messages: () => reader.messages(),
    close: () => file.close(),
  };
}

function empty(path: string): FoundMail {
  return { kind: `${path}, which is empty`, bytes: 0, side: undefined, messages: () => messagesIn([]), close };
}

async function openMaildir(path: string): Promise<FoundMail> {
  const files = await maildirFiles(path);
  const side = await sideFileAt(join(path, SIDE_FILE));
  const messages = () => messagesIn(files, maildirTime);
  return { kind: 'a maildir', bytes: files.length, side, messages, close };
}

/** A folder of them, or one. */
async function openEml(path: string): Promise<FoundMail> {
  const isFolder = (await stat(path)).isDirectory();
  if (!isFolder) await requireMail(path);
  const files = isFolder ? await emlFiles(path) : [{ path }];
  const side = isFolder ? await sideFileAt(join(path, SIDE_FILE)) : undefined;
  const kind = isFolder ? 'a folder of .eml files' : 'a message';
  return { kind, bytes: files.length, side, messages: () => messagesIn(files), close };
}

/** Nearly anything can be a message; a database, such as that of this server, is none. */
async function requireMail(path: string): Promise<void> {
  const file = await FileOctets.open(path);
  const seen = file.at(0, SEEN_BYTES);
  await file.close();
  if (seen.indexOf(SQLITE_BEGINNING) === 0) throw new NoMail(`${path} is an SQLite database, and no message`);
}

const close = () => Promise.resolve();
