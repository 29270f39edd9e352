/**
 * What people want to see of a message in a list: a few header fields, unfolded and decoded, and whether its text
 * must be decoded before it can be read. Only the header section is looked at, and nothing here can refuse a message:
 * a field that cannot be read is left as it stands. MIME is taken apart later, by the decoder (text.ts).
 */
import { isAscii, isUtf8, type Buffer } from 'node:buffer';
import { printableLine } from './printable.js';
import { encodingOf } from './charset.js';
import { ESC, FieldText } from './encoded-words.js';
import { charsetOf, charsetOfFirstText } from './message-charset.js';

export interface Summary {
  /** Up to and including the empty line; the first chunk's length when there is none in it. */
  readonly headerOctets: number;
  /** Whether the text is encoded, in parts or no UTF-8, so that the raw octets are not what a person wants to read. */
  readonly decodes: boolean;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly subject: string | undefined;
  readonly date: string | undefined;
  readonly messageId: string | undefined;
}

/** More than this of a header section is not looked at. */
const HEADER_LIMIT_BYTES = 64 * 1024;
/** More than this of a field is not decoded: where it has encoded words, each costs a decoder's call. */
const DECODED_LIMIT_OCTETS = { raw: 4096, words: 1024 } as const;
/** A field is cut to this for the list. */
const FIELD_LIMIT_CHARACTERS = 1000;

const FIELDS: ReadonlySet<string> = new Set([
  'from',
  'to',
  'subject',
  'date',
  'message-id',
  'content-type',
  'content-transfer-encoding',
]);
const PLAIN_TYPE = /^\s*text\/plain\b/i;
/** What most messages have. */
const UTF_8_TYPE = /^\s*text\/plain(?:;\s*charset="?(?:utf-8|us-ascii)"?)?\s*$/i;
const TYPE_WITH_PARTS = /^\s*multipart\//i;
const READABLE_ENCODING = /^\s*(7bit|8bit|binary)\s*$/i;

/** `first` is the body's first chunk. */
export function summarize(first: Buffer): Summary {
  const headerOctets = endOfHeader(first);
  const header = first.subarray(0, Math.min(headerOctets, HEADER_LIMIT_BYTES));
  const fields = fieldsOf(header.toString('latin1'));
  const body = first.subarray(headerOctets);
  let texts: FieldText | undefined;
  const textOf = (value: string) =>
    (texts ??= new FieldText(() => charsetNamed(fields.get('content-type'), body))).of(value);
  const areRaw = !isAscii(header);
  const readable = (name: string) => readableField(fields.get(name), areRaw, textOf);
  return {
    headerOctets,
    decodes: decodes(fields) || !isReadable(body),
    from: readable('from'),
    to: readable('to'),
    subject: readable('subject'),
    date: readable('date'),
    messageId: readable('message-id'),
  };
}

/** Whether a shell may be given these octets as a text: it would end at a NUL. */
export function isReadable(octets: Buffer): boolean {
  return isUtf8(octets) && !octets.includes(0);
}

/** The octets of the first field of each name, as they stand: folded lines begin with white space (RFC 5322 §2.2.3). */
function fieldsOf(header: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let current: string | undefined;
  for (const line of header.split('\r\n')) {
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (current !== undefined) fields.set(current, `${fields.get(current) ?? ''}\r\n${line}`);
      continue;
    }
    const name = line.slice(0, Math.max(0, line.indexOf(':'))).toLowerCase();
    current = FIELDS.has(name) && !fields.has(name) ? name : undefined;
    if (current !== undefined) fields.set(current, line.slice(name.length + 1));
  }
  return fields;
}

/** Behind the empty line. */
export function endOfHeader(first: Buffer): number {
  if (first[0] === 13 && first[1] === 10) return 2;
  const end = first.indexOf('\r\n\r\n');
  return end === -1 ? first.length : end + 4;
}

function decodes(fields: ReadonlyMap<string, string>): boolean {
  const type = fields.get('content-type');
  const encoding = fields.get('content-transfer-encoding');
  return (type !== undefined && !isPlain(type)) || (encoding !== undefined && !READABLE_ENCODING.test(encoding));
}

/** Text that is UTF-8 if it is not ASCII. */
function isPlain(type: string): boolean {
  if (UTF_8_TYPE.test(type)) return true;
  const encoding = encodingOf(charsetOf(type) ?? '');
  return PLAIN_TYPE.test(type) && (encoding === undefined || encoding === 'utf-8');
}

function charsetNamed(type = '', body: Buffer): string | undefined {
  return charsetOf(type) ?? (TYPE_WITH_PARTS.test(type) ? charsetOfFirstText(body) : undefined);
}

function readableField(
  value: string | undefined,
  areRaw: boolean,
  textOf: (value: string) => string,
): string | undefined {
  if (value === undefined) return undefined;
  const whole = value.replace(/\r\n(?=[ \t])/g, '');
  const hasWords = whole.includes('=?');
  const unfolded = whole.slice(0, hasWords ? DECODED_LIMIT_OCTETS.words : DECODED_LIMIT_OCTETS.raw);
  const isDecoded = !areRaw && !hasWords && !unfolded.includes(ESC);
  const text = isDecoded ? unfolded : textOf(unfolded);
  return printableLine(text.trim().slice(0, FIELD_LIMIT_CHARACTERS));
}
