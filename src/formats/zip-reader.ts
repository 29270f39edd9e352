/** Messages in a zip file: each entry that is named *.eml, in the order of the names. What it says of their sizes is not believed. */
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import type { FoundMail, FoundMessage } from './found.js';
import { NoMail } from './found.js';
import { SIDE_FILE } from './side-file.js';

const { compare } = new Intl.Collator('en', { numeric: true });

export async function openZip(path: string): Promise<FoundMail> {
  const zip = await opened(path);
  try {
    const entries = await entriesOf(zip);
    const mail = entries.filter(({ fileName }) => /\.eml$/i.test(fileName));
    const side = entries.find(({ fileName }) => baseOf(fileName) === SIDE_FILE);
    return {
      kind: 'a zip file of .eml files',
      bytes: mail.length,
      side: side === undefined ? undefined : linesIn(zip, side),
      messages: () =>
        messagesIn(
          zip,
          mail.toSorted((one, other) => compare(one.fileName, other.fileName)),
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
    return await openPromise(path, { lazyEntries: true, autoClose: false, validateEntrySizes: true });
  } catch (error) {
    throw unreadable(error, path);
  }
}

async function entriesOf(zip: ZipFile): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) entries.push(entry);
  return entries;
}

function* messagesIn(zip: ZipFile, entries: readonly Entry[], path: string): Generator<FoundMessage, void> {
  for (const entry of entries) {
    const read = (): AsyncIterable<Uint8Array> => piecesOf(zip, entry, path);
    yield { place: `${path}, ${entry.fileName}`, bytes: 1, read };
  }
}

async function* piecesOf(zip: ZipFile, entry: Entry, path: string): AsyncGenerator<Buffer, void> {
  try {
    yield* (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>;
  } catch (error) {
    throw unreadable(error, `${path}, ${entry.fileName}`);
  }
}

async function* linesIn(zip: ZipFile, entry: Entry): AsyncGenerator<string, void> {
  const stream: Readable = await zip.openReadStreamPromise(entry);
  yield* createInterface({ input: stream, crlfDelay: Infinity });
}

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** The library's own sentences say what is wrong with the file. */
function unreadable(error: unknown, place: string): unknown {
  if (!(error instanceof Error) || 'errno' in error || error instanceof NoMail) return error;
  return new NoMail(`${place} cannot be read as a zip file: ${error.message}`);
}
