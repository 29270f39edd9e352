/**
 * A maildir as Dovecot keeps it: a file a message, lines ended by LF, named by when it came and its sizes, and `dovecot-uidlist`, which has
 * the order and the UIDLs. The time of a file's last change is when its message was received, as Dovecot has it. The side file has the
 * rest; Dovecot does not look at it.
 */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { LineFeedEnds } from '../bytes/line-feeds.js';
import type { MailboxWriter, MessageFacts } from './mailbox.js';
import type { OutputFile } from './output-file.js';
import { OutputFolder } from './output-folder.js';
import { SIDE_FILE, sideLine } from './side-file.js';

export const UID_LIST = 'dovecot-uidlist';
const FOLDERS = ['cur', 'new', 'tmp'];
const MAILBOX_GUID_BYTES = 16;
/** Its first line has the next uid, which is known at the end: as wide as any, so that it can be written first. */
const UID_LIMIT = 0xffff_ffff;

export class MaildirWriter implements MailboxWriter {
  readonly #folder: OutputFolder;
  readonly #list: OutputFile;
  readonly #side: OutputFile;
  #uid = 0;

  private constructor(folder: OutputFolder, list: OutputFile, side: OutputFile) {
    this.#folder = folder;
    this.#list = list;
    this.#side = side;
  }

  /** `messages`: at most so many will come. */
  static async open(path: string, messages: number): Promise<MaildirWriter> {
    const folder = await OutputFolder.create(path, FOLDERS);
    const list = await folder.file(UID_LIST);
    const next = Math.min(messages + 1, UID_LIMIT);
    const guid = randomBytes(MAILBOX_GUID_BYTES).toString('hex');
    await list.write(Buffer.from(`3 V${randomInt(1, UID_LIMIT)} N${next} G${guid}\n`));
    return new MaildirWriter(folder, list, await folder.file(SIDE_FILE));
  }

  async add(facts: MessageFacts, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const uid = ++this.#uid;
    const base = `${nameOf(facts.receivedAtMs, uid)},W=${facts.octets}`;
    const file = await this.#folder.file(`new/${base}`);
    const ends = new LineFeedEnds();
    const hash = createHash('sha256');
    for await (const piece of pieces) {
      hash.update(piece);
      await file.write(ends.pass(piece));
    }
    await file.write(ends.end());
    await file.close({ isDurable: false, atMs: facts.receivedAtMs });
    await this.#list.write(Buffer.from(`${uid} P${facts.uidl} :${base}\n`));
    await this.#side.write(sideLine(facts, hash.digest('hex'), `new/${base}`));
  }

  async finish(): Promise<void> {
    for (const file of [this.#list, this.#side]) await file.close({ isDurable: false });
    await this.#folder.finish();
  }

  abandon(): Promise<void> {
    return this.#folder.abandon();
  }
}

/** Unique, in the order of arrival, and the time to the millisecond. */
function nameOf(atMs: number, uid: number): string {
  const seconds = Math.floor(atMs / 1000);
  return `${seconds}.M${(atMs % 1000) * 1000}P${process.pid}Q${uid}.pennypost`;
}
