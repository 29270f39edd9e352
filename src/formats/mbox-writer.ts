/**
 * An mbox as Unix keeps it (RFC 4155): lines end with LF, each message begins with a `From ` line and ends with an empty one, and what
 * could be taken for a `From ` line is quoted as mboxrd does, so that a reader of mboxrd gets every octet back. What has no place in it
 * stands in the side file.
 */
import { createHash } from 'node:crypto';
import { LineFeedEnds } from '../bytes/line-feeds.js';
import { FromQuoting } from './from-quoting.js';
import type { MailboxWriter, MessageFacts } from './mailbox.js';
import { giveName, OutputFile, partialPath } from './output-file.js';
import { besideMbox, sideLine } from './side-file.js';

const EMPTY_LINE = Buffer.from('\n');
/** What such a line says of the null reverse-path. */
const NOBODY = 'MAILER-DAEMON';

export class MboxWriter implements MailboxWriter {
  readonly #path: string;
  readonly #replaces: boolean;
  readonly #mail: OutputFile;
  readonly #side: OutputFile;

  private constructor(
    path: string,
    replaces: boolean,
    files: { readonly mail: OutputFile; readonly side: OutputFile },
  ) {
    this.#path = path;
    this.#replaces = replaces;
    this.#mail = files.mail;
    this.#side = files.side;
  }

  static async open(path: string, replaces: boolean): Promise<MboxWriter> {
    const mail = await OutputFile.create(partialPath(path));
    const side = await OutputFile.create(partialPath(besideMbox(path)));
    return new MboxWriter(path, replaces, { mail, side });
  }

  async add(facts: MessageFacts, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const hash = createHash('sha256');
    const ends = new LineFeedEnds();
    const quoting = new FromQuoting('quote');
    await this.#mail.write(fromLine(facts));
    for await (const piece of pieces) {
      hash.update(piece);
      for (const made of quoting.pass(ends.pass(piece))) await this.#mail.write(made);
    }
    for (const made of quoting.pass(ends.end())) await this.#mail.write(made);
    await this.#mail.write(quoting.end());
    await this.#mail.write(EMPTY_LINE);
    await this.#side.write(sideLine(facts, hash.digest('hex')));
  }

  /** The side file first: an mbox of that name is whole with it. */
  async finish(): Promise<void> {
    await this.#mail.close({ isDurable: true });
    await this.#side.close({ isDurable: true });
    await giveName(this.#side.path, besideMbox(this.#path), this.#replaces);
    await giveName(this.#mail.path, this.#path, this.#replaces);
  }

  async abandon(): Promise<void> {
    await this.#mail.abandon();
    await this.#side.abandon();
  }
}

/** The sender as one word, and the time of arrival in UTC as asctime writes it (RFC 4155). */
function fromLine({ reversePath, receivedAtMs }: MessageFacts): Buffer {
  const sender = reversePath === '' ? NOBODY : reversePath.replace(/[\s\p{Cc}]/gu, '_');
  return Buffer.from(`From ${sender} ${asctime(receivedAtMs)}\n`);
}

function asctime(atMs: number): string {
  const [weekday, day, month, year, time] = new Date(atMs).toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}
