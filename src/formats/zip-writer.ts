/** A zip file of what a folder of .eml files would hold, the side file last. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { emlName } from './eml-writer.js';
import type { MailboxWriter, MessageFacts } from './mailbox.js';
import { giveName, OutputFile, partialPath } from './output-file.js';
import { besideMbox, SIDE_FILE, sideLine } from './side-file.js';

const OWNER_ONLY = 0o100600;
/** Text at a third of the time that the usual level takes, and hardly larger. */
const COMPRESSION_LEVEL = 1;

export class ZipWriter implements MailboxWriter {
  readonly #path: string;
  readonly #replaces: boolean;
  readonly #file: OutputFile;
  readonly #zip = new ZipFile();
  readonly #written: Promise<unknown>;
  /** Beside it until the end. */
  readonly #side: OutputFile;
  #number = 0;

  private constructor(path: string, replaces: boolean, files: { readonly zip: OutputFile; readonly side: OutputFile }) {
    this.#path = path;
    this.#replaces = replaces;
    this.#file = files.zip;
    this.#side = files.side;
    this.#zip.on('error', () => undefined); // What ends a message's stream is told by `add`.
    this.#written = this.#copy();
    this.#written.catch(() => undefined); // Told by `finish`, or by the message that is being added.
  }

  static async open(path: string, replaces: boolean): Promise<ZipWriter> {
    const zip = await OutputFile.create(partialPath(path));
    return new ZipWriter(path, replaces, { zip, side: await OutputFile.create(partialPath(besideMbox(path))) });
  }

  /** One message at a time: it is over when its last octet was read. */
  async add(facts: MessageFacts, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const name = emlName(++this.#number);
    const hash = createHash('sha256');
    const mtime = new Date(facts.receivedAtMs);
    const stream = Readable.from(hashing(pieces, hash), { objectMode: false });
    const over = once(stream, 'close');
    this.#zip.addReadStream(stream, name, { mtime, mode: OWNER_ONLY, compressionLevel: COMPRESSION_LEVEL });
    await Promise.race([over, this.#written]);
    await this.#side.write(sideLine(facts, hash.digest('hex'), name));
  }

  async finish(): Promise<void> {
    const options = { mode: OWNER_ONLY, compressionLevel: COMPRESSION_LEVEL };
    await this.#side.close({ isDurable: false });
    this.#zip.addReadStream(createReadStream(this.#side.path), SIDE_FILE, options);
    this.#zip.end();
    await this.#written;
    await rm(this.#side.path);
    await this.#file.close({ isDurable: true });
    await giveName(this.#file.path, this.#path, this.#replaces);
  }

  async abandon(): Promise<void> {
    await this.#file.abandon();
    await this.#side.abandon();
  }

  async #copy(): Promise<void> {
    for await (const piece of this.#zip.outputStream as AsyncIterable<Buffer>) await this.#file.write(piece);
  }
}

async function* hashing(pieces: AsyncIterable<Uint8Array>, hash: { update(piece: Uint8Array): unknown }) {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}
