/**
 * The readable text of a MIME message, by a kept library, from its first chunk: text stands at the beginning,
 * and attachments are not for reading in a shell. The library is given no more than it is done with in a moment: of the
 * header what says how the text is written, so many lines, so deep a nesting. What is beyond has no text. What octets mean
 * is not the library's to say, but charset.ts's.
 */
import { Buffer } from 'node:buffer';
import PostalMime, { type Attachment, type PostalMimeOptions } from 'postal-mime';
import { CR, LF } from '../bytes/line-ends.js';
import { printableText } from './printable.js';
import { decode } from './charset.js';
import { charsetOfHtml, textOfHtml } from './html.js';
import { endOfHeader } from './header-scanner.js';
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
const CONTENT_FIELD = /^content-/i;

export interface DecodedText {
  /** Undefined where there is none, or the library cannot read the message. */
  readonly text: string | undefined;
  /** Whether a part is there to be saved, as far as the first chunk tells. */
  readonly hasAttachments: boolean;
}

/** Undefined without a message. */
export async function decodeText(first: Buffer | undefined): Promise<DecodedText | undefined> {
  if (first === undefined) return undefined;
  const { text, hasAttachments } = await decodedOf(first, 0);
  const shown = text ?? rawText(first.subarray(endOfHeader(first)));
  return { text: shown && printableText(shown).slice(0, TEXT_LIMIT_CHARACTERS), hasAttachments };
}

/** Of a message that cannot be taken apart: what a shell can be given as it stands needs no text. */
function rawText(body: Buffer): string | undefined {
  return isReadable(body) ? undefined : decode(body);
}

async function decodedOf(message: Buffer, depth: number): Promise<DecodedText> {
  try {
    const parser = new TextParser();
    const { attachments } = await parser.parse(bounded(message));
    const forwarded = depth < MESSAGE_DEPTH_LIMIT ? attachments.filter(isMessage) : [];
    const decoded: DecodedText[] = [{ text: parser.text, hasAttachments: attachments.some(isForSaving) }];
    for (const { content } of forwarded) decoded.push(await decodedOf(Buffer.from(content as ArrayBuffer), depth + 1));
    return together(decoded);
  } catch {
    return { text: undefined, hasAttachments: false }; // The message is kept as it came; only its text cannot be shown decoded.
  }
}

function together(decoded: readonly DecodedText[]): DecodedText {
  const texts = decoded.flatMap(({ text }) => text ?? []);
  return {
    text: texts.length === 0 ? undefined : texts.join('\n'),
    hasAttachments: decoded.some(({ hasAttachments }) => hasAttachments),
  };
}

/** Its sender says so, or it has the name of a file (RFC 2183 §2.1, §2.3); a picture within the text is none. */
function isForSaving(attachment: Attachment): boolean {
  const { disposition, filename, related } = attachment;
  return !isMessage(attachment) && (disposition === 'attachment' || (filename !== null && related !== true));
}

/** One that stands there to be read: the library leaves it to us. */
function isMessage({ rfc822DepthExceeded }: Attachment): boolean {
  return rfc822DepthExceeded === true;
}

interface Text {
  readonly value: string;
}

/** A part of a message, as the library has it. */
interface Part {
  /** Without its transfer encoding; null for one that has other parts. */
  content: ArrayBuffer | null;
  readonly contentType: { readonly parsed: { readonly value: string; readonly params: Record<string, string> } };
}

/** What is none of the library's interface: a walk over the parts, which makes texts of those that are text. */
interface Collecting {
  collectNode(part: Part, alternative: unknown, related: boolean): Promise<void>;
}

const Library = PostalMime as unknown as new (options: PostalMimeOptions) => PostalMime & Collecting;

/**
 * The library makes text of HTML, and HTML of text, where a message has both in different parts: nobody wants that here, and it is
 * not linear. This method of it, which is none of its interface, does so; ours takes its place.
 */
class TextParser extends Library {
  /** By part, or by group of alternatives. */
  declare readonly textMap: ReadonlyMap<unknown, { readonly plain?: readonly Text[]; readonly html?: readonly Text[] }>;
  text: string | undefined;

  constructor() {
    super({ maxNestingDepth: DEPTH_LIMIT, maxHeadersSize: HEADERS_LIMIT_BYTES, maxRfc822NestingDepth: 0 });
  }

  override collectNode(part: Part, alternative: unknown, related: boolean): Promise<void> {
    if (part.contentType.parsed.value.startsWith('text/')) makeUtf8(part);
    return super.collectNode(part, alternative, related);
  }

  renderTextContent(): void {
    const texts = [...this.textMap.values()].flatMap(
      ({ plain, html = [] }) => plain ?? html.map(({ value }) => ({ value: textOfHtml(value) })),
    );
    if (texts.length > 0) this.text = texts.map(({ value }) => value).join('\n');
  }
}

/** Before the library reads it by its own tables. */
function makeUtf8(part: Part): void {
  if (part.content === null) return;
  const { value, params } = part.contentType.parsed;
  const octets = Buffer.from(part.content);
  const named = params['charset'] ?? (value === 'text/html' ? charsetOfHtml(octets) : undefined);
  part.content = new Uint8Array(Buffer.from(decode(octets, named))).buffer; // Of its own: the library takes all of it.
  params['charset'] = 'utf-8';
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
  return line[0] === LF || (line[0] === CR && line[1] === LF);
}

function isFolded(line: Buffer): boolean {
  return line[0] === 32 || line[0] === 9;
}
