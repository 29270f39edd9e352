/** A folder with a file a message, `0000001.eml` and so on: its octets as they are. The side file has all that is known besides. */
import { createHash } from 'node:crypto';
import type { MailboxWriter, MessageFacts } from './mailbox.js';
import type { OutputFile } from './output-file.js';
import { OutputFolder } from './output-folder.js';
import { SIDE_FILE, sideLine } from './side-file.js';

const DIGITS = 7;

export class EmlWriter implements MailboxWriter {
  readonly #folder: OutputFolder;
  readonly #side: OutputFile;
  #number = 0;

  private constructor(folder: OutputFolder, side: OutputFile) {
    this.#folder = folder;
    this.#side = side;
  }

  static async open(path: string): Promise<EmlWriter> {
    const folder = await OutputFolder.create(path);
    return new EmlWriter(folder, await folder.file(SIDE_FILE));
  }

  async add(facts: MessageFacts, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const name = emlName(++this.#number);
    const hash = createHash('sha256');
    const file = await this.#folder.file(name);
    for await (const piece of pieces) {
      hash.update(piece);
      await file.write(piece);
    }
    await file.close({ isDurable: false, atMs: facts.receivedAtMs });
    await this.#side.write(sideLine(facts, hash.digest('hex'), name));
  }

  async finish(): Promise<void> {
    await this.#side.close({ isDurable: false });
    await this.#folder.finish();
  }

  abandon(): Promise<void> {
    return this.#folder.abandon();
  }
}

export function emlName(number: number): string {
  return `${String(number).padStart(DIGITS, '0')}.eml`;
}
