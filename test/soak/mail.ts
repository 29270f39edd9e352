/**
 * After all sessions: is each message that was acknowledged there, and are its octets those that were said? What is stored is held
 * against the whole of what its session said: what stands behind a DATA up to the line with a dot alone; or the octets
 * of chunks, from the beginning of one to the end of a last one. A header that was ended by us has one empty line more, and a
 * message that ended without a CRLF has one.
 */
import { Buffer } from 'node:buffer';
import { behindTrace } from '../support/mail-clients.js';

export interface Acknowledged {
  readonly session: string;
  readonly said: Buffer;
  /** Nothing is added to its messages: between servers, not in submission. */
  readonly isKept: boolean;
}

export interface MailFindings {
  readonly compared: number;
  readonly lost: readonly string[];
  readonly torn: readonly string[];
}

export function checkMail(acknowledged: ReadonlyMap<string, Acknowledged>, stored: readonly Buffer[]): MailFindings {
  const there = new Map(stored.map((message) => [idOf(message), message]));
  const lost: string[] = [];
  const torn: string[] = [];
  for (const [id, { session, said, isKept }] of acknowledged) {
    const message = there.get(id);
    if (message === undefined) lost.push(`${id} of ${session}`);
    else if (isKept && !wasSaid(said, behindTrace(message))) torn.push(`${id} of ${session}`);
  }
  return { compared: acknowledged.size, lost, torn };
}

function idOf(message: Buffer): string {
  return / id (\S+)\r\n\tfor /.exec(message.toString('latin1', 0, 4096))?.[1] ?? '';
}

const CRLF = '\r\n';
/** What stands before a mailbox file's line that was kept as a field. */
const KEPT = Buffer.from('X-Mailbox-Line: ');

export function wasSaid(said: Buffer, message: Buffer): boolean {
  const kept = message.indexOf(KEPT) === 0 ? message.subarray(KEPT.length) : message;
  const forms = [kept, ...(kept.indexOf(CRLF) === 0 ? [kept.subarray(CRLF.length)] : [])];
  return forms.some((form) => wasData(said, form) || wasChunks(said, form) || wasChunks(said, withoutLast(form)));
}

/** Whether it stands behind a DATA, up to the first line with a dot alone; of each line one dot at its beginning is taken away. */
function wasData(said: Buffer, message: Buffer): boolean {
  const text = said.toString('latin1');
  const wanted = message.toString('latin1');
  for (const { index, 0: line } of text.matchAll(/(?<=^|[\r\n])[ \t]*DATA[ \t]*\r\n/gi)) {
    const from = index + line.length;
    const end = text.startsWith(`.${CRLF}`, from) ? from : text.indexOf(`${CRLF}.${CRLF}`, from) + CRLF.length;
    if (end >= from && text.slice(from, end).replace(/(^|\r\n)\./g, '$1') === wanted) return true;
  }
  return false;
}

/** RETR ends a message that did not end with a CRLF. */
function withoutLast(message: Buffer): Buffer {
  return message.subarray(0, Math.max(0, message.length - CRLF.length));
}

/** Follows the chunks from each BDAT that could be the first; what stands between two of them are other commands. */
function wasChunks(said: Buffer, message: Buffer): boolean {
  const text = said.toString('latin1');
  const chunk = /BDAT[ \t]+(\d+)([ \t]+LAST)?[ \t]*\r\n/gi;
  for (const { index } of text.matchAll(/BDAT/gi)) {
    let left = message.toString('latin1');
    chunk.lastIndex = index;
    for (let found = chunk.exec(text); found !== null; found = chunk.exec(text)) {
      const octets = text.slice(chunk.lastIndex, chunk.lastIndex + Number(found[1]));
      if (!left.startsWith(octets)) break;
      left = left.slice(octets.length);
      if (left === '' && found[2] !== undefined) return true;
      chunk.lastIndex += octets.length;
    }
  }
  return false;
}
