/**
 * Messages in a zip file: each entry that is named *.eml, in the order of the names. What it says of their sizes is not believed, and
 * what is not as its checksum says is damaged. Damage in one entry is no reason to leave the others out.
 */
import * as zlib from 'node:zlib';
import { getFileNameLowLevel, openPromise, validateFileName, type Entry, type ZipFile } from 'yauzl';
import type { FoundMail, FoundMessage } from './found.js';
import { NoMail } from './found.js';
import { shortLines } from './short-lines.js';
import { SIDE_FILE } from './side-file.js';

interface NamedEntry {
  readonly entry: Entry;
  readonly name: string;
}

const { compare } = new Intl.Collator('en', { numeric: true });

export async function openZip(path: string): Promise<FoundMail> {
  const zip = await opened(path);
  try {
    const entries = await entriesOf(zip);
    const mail = entries.filter(({ name }) => /\.eml$/i.test(name));
    const side = entries.find(({ name }) => baseOf(name) === SIDE_FILE);
    return {
      kind: 'a zip file of .eml files',
      bytes: mail.length,
      side: side === undefined ? undefined : shortLines(piecesOf(zip, side)),
      messages: () =>
        messagesIn(
          zip,
          mail.toSorted((one, other) => compare(one.name, other.name)),
          path,
        ),
      close: () => Promise.resolve(zip.close()),
    };
  } catch (error) {
    zip.close();
    throw unreadable(error, path);
  }
}

async function opened(path: string): Promise<ZipFile> {
  try {
    return await openPromise(path, {
      lazyEntries: true,
      autoClose: false,
      validateEntrySizes: true,
      decodeStrings: false,
    });
  } catch (error) {
    throw unreadable(error, path);
  }
}

/** Names are decoded here: the library refuses the whole file for one that leads elsewhere. */
async function entriesOf(zip: ZipFile): Promise<readonly NamedEntry[]> {
  const entries: NamedEntry[] = [];
  for await (const entry of zip.eachEntry()) {
    const { generalPurposeBitFlag, fileNameRaw, extraFields } = entry;
    entries.push({ entry, name: getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false) });
  }
  return entries;
}

function* messagesIn(zip: ZipFile, entries: readonly NamedEntry[], path: string): Generator<FoundMessage, void> {
  for (const one of entries) {
    const read = (): AsyncIterable<Uint8Array> => piecesOf(zip, one);
    yield { place: `${path}, ${one.name}`, bytes: 1, read };
  }
}

async function* piecesOf(zip: ZipFile, { entry, name }: NamedEntry): AsyncGenerator<Buffer, void> {
  const fault = validateFileName(name);
  if (fault !== null) throw new NoMail(`it has a name that leads elsewhere (${fault})`);
  let checksum = 0;
  try {
    for await (const piece of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
      checksum = checksumOf(piece, checksum, entry);
      yield piece;
    }
  } catch (error) {
    throw isOfSystem(error) ? error : new NoMail(`it is damaged (${(error as Error).message})`);
  }
  if (checksum !== entry.crc32) throw new NoMail('it is damaged (it does not have its checksum)');
}

/** Node 22.0 and 22.1 know none, and there each is right. */
function checksumOf(piece: Buffer, before: number, { crc32 }: Entry): number {
  return 'crc32' in zlib ? zlib.crc32(piece, before) : crc32;
}

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** The library's own sentences say what is wrong with the file. */
function unreadable(error: unknown, place: string): unknown {
  if (isOfSystem(error)) return error;
  return new NoMail(`${place} cannot be read as a zip file: ${(error as Error).message}`);
}

/** What zlib fails with has an errno too. */
function isOfSystem(error: unknown): boolean {
  return !(error instanceof Error) || 'syscall' in error;
}
