/**
 * The readable text of a MIME message, by a kept library, from its first chunk: text stands at the beginning,
 * and attachments are not for reading in a shell. The library is given no more than it is done with in a moment: of the
 * header what says how the text is written, so many lines, so deep a nesting. What is beyond has no text.
 */
import { Buffer } from 'node:buffer';
import PostalMime, { type Attachment } from 'postal-mime';
import { printableText } from '../printable.js';
import { textOfHtml } from './html.js';
import { isReadable } from './summary.js';

/** More text than this is cut: it is for people, and the message itself is kept whole. */
const TEXT_LIMIT_CHARACTERS = 64 * 1024;
/** A chunk in lines of 64 octets. What follows is not read: each line costs the library 20 microseconds, each part 100. */
const LINES_LIMIT = 4096;
/** Of all parts together. */
const HEADERS_LIMIT_BYTES = 64 * 1024;
/** Parts within parts. */
const DEPTH_LIMIT = 32;
/** Messages within messages. */
const MESSAGE_DEPTH_LIMIT = 2;
const LF = 10;
const CONTENT_FIELD = /^content-/i;

/** Undefined when there is no text, or the library cannot read the message. */
export async function decodeText(first: Buffer | undefined): Promise<string | undefined> {
  if (first === undefined) return undefined;
  const text = (await textOf(first, 0)) ?? (isReadable(first) ? undefined : first.toString());
  return text === undefined ? undefined : printableText(text).slice(0, TEXT_LIMIT_CHARACTERS);
}

async function textOf(message: Buffer, depth: number): Promise<string | undefined> {
  try {
    const parser = new TextParser();
    const { attachments } = await parser.parse(bounded(message));
    const forwarded = depth < MESSAGE_DEPTH_LIMIT ? attachments.filter(isMessage) : [];
    const texts = [parser.text];
    for (const { content } of forwarded) texts.push(await textOf(Buffer.from(content as ArrayBuffer), depth + 1));
    const found = texts.filter((each) => each !== undefined);
    return found.length === 0 ? undefined : found.join('\n');
  } catch {
    return undefined; // The message is kept as it came; only its text cannot be shown decoded.
  }
}

/** One that stands there to be read: the library leaves it to us. */
function isMessage({ rfc822DepthExceeded }: Attachment): boolean {
  return rfc822DepthExceeded === true;
}

interface Text {
  readonly value: string;
}

/**
 * The library makes text of HTML, and HTML of text, where a message has both in different parts: nobody wants that here, and it is
 * not linear. This method of it, which is none of its interface, does so; ours takes its place.
 */
class TextParser extends PostalMime {
  /** By part, or by group of alternatives. */
  declare readonly textMap: ReadonlyMap<unknown, { readonly plain?: readonly Text[]; readonly html?: readonly Text[] }>;
  text: string | undefined;

  constructor() {
    super({ maxNestingDepth: DEPTH_LIMIT, maxHeadersSize: HEADERS_LIMIT_BYTES, maxRfc822NestingDepth: 0 });
  }

  renderTextContent(): void {
    const texts = [...this.textMap.values()].flatMap(
      ({ plain, html = [] }) => plain ?? html.map(({ value }) => ({ value: textOfHtml(value) })),
    );
    if (texts.length > 0) this.text = texts.map(({ value }) => value).join('\n');
  }
}

/** Of the header only fields that say how the text is written, and of the lines as many as the library may take. */
function bounded(message: Buffer): Buffer {
  const header: Buffer[] = [];
  let at = 0;
  let kept = false;
  let lines = 0;
  for (; lines < LINES_LIMIT && at < message.length; lines++) {
    const line = message.subarray(at, endOfLine(message, at));
    if (isEmpty(line)) break;
    at += line.length;
    kept = isFolded(line) ? kept : CONTENT_FIELD.test(line.toString('latin1', 0, 'content-'.length));
    if (kept) header.push(line);
  }
  return Buffer.concat([...header, message.subarray(at, endOfLines(message, at, LINES_LIMIT - lines))]);
}

function endOfLines(message: Buffer, from: number, count: number): number {
  let at = from;
  for (let lines = 0; lines < count && at < message.length; lines++) at = endOfLine(message, at);
  return at;
}

function endOfLine(message: Buffer, from: number): number {
  const found = message.indexOf(LF, from);
  return found === -1 ? message.length : found + 1;
}

function isEmpty(line: Buffer): boolean {
  return line[0] === LF || (line[0] === 13 && line[1] === LF);
}

function isFolded(line: Buffer): boolean {
  return line[0] === 32 || line[0] === 9;
}
