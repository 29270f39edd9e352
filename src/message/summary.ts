/**
 * What people want to see of a message in a list: a few header fields, unfolded and decoded, and whether its text
 * must be decoded before it can be read. Only the header section is looked at, and nothing here can refuse a message:
 * a field that cannot be read is left as it stands. MIME is taken apart later, by the decoder (text.ts).
 */
import { isAscii, isUtf8, type Buffer } from 'node:buffer';
import { printableLine } from './printable.js';
import { encodingOf } from './charset.js';
import { ESC, FieldText } from './encoded-words.js';
import { WantedNames } from './field-name.js';
import { endOfHeader, HeaderScanner, type HeaderHandler } from './header-scanner.js';
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

const NAMES = new WantedNames(
  'from',
  'to',
  'subject',
  'date',
  'message-id',
  'content-type',
  'content-transfer-encoding',
);
const CC_NAMES = new WantedNames('cc', 'content-type');
const PLAIN_TYPE = /^\s*text\/plain\b/i;
/** What most messages have. */
const UTF_8_TYPE = /^\s*text\/plain(?:;\s*charset="?(?:utf-8|us-ascii)"?)?\s*$/i;
const TYPE_WITH_PARTS = /^\s*multipart\//i;
const READABLE_ENCODING = /^\s*(7bit|8bit|binary)\s*$/i;

/** `first` is the body's first chunk. */
export function summarize(first: Buffer): Summary {
  const headerOctets = endOfHeader(first);
  const header = first.subarray(0, Math.min(headerOctets, HEADER_LIMIT_BYTES));
  const fields = new FirstFields(header);
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

/** What the search index wants besides, when it takes the message. `first` as above, or the beginning of it. */
export function ccOf(first: Buffer): string | undefined {
  const headerOctets = endOfHeader(first);
  const header = first.subarray(0, Math.min(headerOctets, HEADER_LIMIT_BYTES));
  const fields = new FirstFields(header, CC_NAMES);
  const charset = () => charsetNamed(fields.get('content-type'), first.subarray(headerOctets));
  return readableField(fields.get('cc'), !isAscii(header), (value) => new FieldText(charset).of(value));
}

/** Whether a shell may be given these octets as a text: it would end at a NUL. */
export function isReadable(octets: Buffer): boolean {
  return isUtf8(octets) && !octets.includes(0);
}

/** The octets of the first field of each name, as they stand in a header that lies there whole. */
class FirstFields implements HeaderHandler {
  readonly #header: string;
  /** Where each begins and ends, its name and last CRLF included. */
  readonly #places = new Map<string, { readonly from: number; to: number }>();
  #current = '';

  constructor(header: Buffer, names = NAMES) {
    this.#header = header.toString('latin1');
    new HeaderScanner(this, names).scan(header);
  }

  /** What stands behind the colon, folded lines with it. */
  get(name: string): string | undefined {
    const place = this.#places.get(name);
    if (place === undefined) return undefined;
    const colon = this.#header.indexOf(':', place.from + name.length);
    const field = colon === -1 ? '' : this.#header.slice(colon + 1, place.to);
    return field.endsWith('\r\n') ? field.slice(0, -2) : field;
  }

  field(name: string): void {
    this.#current = this.#places.has(name) ? '' : name;
  }

  malformed(): void {
    this.#current = '';
  }

  octets(_: Buffer, from: number, to: number): void {
    if (this.#current === '') return;
    const place = this.#places.get(this.#current);
    if (place === undefined) this.#places.set(this.#current, { from, to });
    else place.to = to;
  }
}

function decodes(fields: FirstFields): boolean {
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
