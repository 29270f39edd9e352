/**
 * What people want to see of a message in a list: a few header fields, unfolded and decoded, and whether its text
 * must be decoded before it can be read. Only the header section is looked at, and nothing here can refuse a message:
 * a field that cannot be read is left as it stands. MIME is taken apart later, by the decoder (text.ts).
 */
import { isUtf8, type Buffer } from 'node:buffer';
import { decodeWords } from 'postal-mime';
import { printableLine } from '../printable.js';

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
const READABLE_TYPE = /^\s*text\/plain\b(?!.*charset\s*=\s*"?(?!us-ascii|utf-8)[a-z])/is;
const READABLE_ENCODING = /^\s*(7bit|8bit|binary)\s*$/i;

/** `first` is the body's first chunk. */
export function summarize(first: Buffer): Summary {
  const headerOctets = endOfHeader(first);
  const header = first.toString('utf8', 0, Math.min(headerOctets, HEADER_LIMIT_BYTES));
  const fields = fieldsOf(header);
  return {
    headerOctets,
    decodes: decodes(fields) || !isReadable(first),
    from: readable(fields.get('from')),
    to: readable(fields.get('to')),
    subject: readable(fields.get('subject')),
    date: readable(fields.get('date')),
    messageId: readable(fields.get('message-id')),
  };
}

/** Whether a shell may be given these octets as a text: it would end at a NUL. */
export function isReadable(octets: Buffer): boolean {
  return isUtf8(octets) && !octets.includes(0);
}

/** The first field of each name, as it stands: folded lines begin with white space (RFC 5322 §2.2.3). */
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

function endOfHeader(first: Buffer): number {
  if (first[0] === 13 && first[1] === 10) return 2;
  const end = first.indexOf('\r\n\r\n');
  return end === -1 ? first.length : end + 4;
}

function decodes(fields: ReadonlyMap<string, string>): boolean {
  const type = fields.get('content-type');
  const encoding = fields.get('content-transfer-encoding');
  return (
    (type !== undefined && !READABLE_TYPE.test(type)) || (encoding !== undefined && !READABLE_ENCODING.test(encoding))
  );
}

function readable(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const unfolded = value
    .replace(/\r\n(?=[ \t])/g, '')
    .trim()
    .slice(0, FIELD_LIMIT_CHARACTERS);
  return printableLine(unfolded.includes('=?') ? decoded(unfolded) : unfolded);
}

function decoded(value: string): string {
  try {
    return decodeWords(value);
  } catch {
    return value; // Odd bytes are shown as they are.
  }
}
