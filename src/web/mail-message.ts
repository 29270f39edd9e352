/**
 * A message taken apart for people. It is read once from the store, a chunk at a time, and never held whole: its headers, the beginning of
 * its text, and where its parts stand (src/message/parts.ts, which has the limits). Nothing that stands in it is ever fetched.
 */
import { Buffer } from 'node:buffer';
import PostalMime from 'postal-mime';
import { addressesIn } from '../message/addresses.js';
import { decode } from '../message/charset.js';
import { decoderFor, valueOf, type HeaderField } from '../message/fields.js';
import { charsetOfHtml, textOfHtml } from '../message/html.js';
import { charsetOf } from '../message/message-charset.js';
import { PartScanner, type Part, type Structure } from '../message/parts.js';
import { printableLine } from '../message/printable.js';
import { withoutTransferEncoding } from '../message/transfer.js';
import { Slices } from '../runtime/slices.js';
import type { ShownMail } from '../store/mailboxes.js';
import { each, type Source } from '../store/source.js';
import { addressShape, messageIdIn } from './mail-summary.js';
import type { AddressShape, MessageShape, PartShape } from './mail-shapes.js';

/** A part for saving, or one that the text shows. */
export interface SavedPart {
  readonly part: Part;
  readonly fileName: string;
  readonly type: string;
  readonly contentId: string;
  readonly isInline: boolean;
}

/** What is done at once before others have their turn. */
const TURN_MS = 5;
/** Of a field that says how a part is written; the library that reads it takes some microseconds a line. */
const FIELD_LIMIT_CHARACTERS = 4_096;
const NAME_FIELDS = ['content-type', 'content-disposition'];
const TEXT_TYPE = /^\s*text\/(plain|html)\b/i;
const MEDIA_TYPE = /^[a-z0-9][\w.+-]{0,80}\/[a-z0-9][\w.+-]{0,80}$/i;
const UNKNOWN_TYPE = 'application/octet-stream';

const slices = new Slices();

/** Closes the source. @throws StoreError */
export async function structureOf(source: Source): Promise<Structure> {
  const scanner = new PartScanner();
  let untilMs = performance.now() + TURN_MS;
  for await (const piece of each(source)) {
    scanner.write(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    if (performance.now() >= untilMs) untilMs = await slices.next();
  }
  return scanner.end();
}

export async function messageShape(mail: ShownMail, { fields, parts }: Structure): Promise<MessageShape> {
  const decoded = decoderFor(fields);
  const line = (name: string): string => decoded(valueOf(fields, name) ?? '');
  const addresses = (name: string): AddressShape[] => addressesOf(valueOf(fields, name), decoded);
  const { text, html } = textsOf(parts);
  const saved = await savedParts(parts);
  const shapes = (isInline: boolean): PartShape[] => saved.filter((one) => one.isInline === isInline).map(partShape);
  return {
    ID: String(mail.id),
    MessageID: messageIdIn(line('message-id')),
    From: addresses('from')[0] ?? null,
    ...{ To: addresses('to'), Cc: addresses('cc'), Bcc: addresses('bcc'), ReplyTo: addresses('reply-to') },
    ReturnPath: line('return-path').replace(/^<(.*)>$/, '$1'),
    Subject: line('subject'),
    Date: dateIn(line('date'), mail.receivedAtMs),
    ...{ Username: '', Tags: [] },
    ...{ Text: text ?? textOfHtml(html), HTML: html, Size: mail.octets },
    ...{ Inline: shapes(true), Attachments: shapes(false) },
  };
}

/** By name, as the first field of that name spells it. */
export function headersShape({ fields }: Structure): Record<string, readonly string[]> {
  const decoded = decoderFor(fields);
  const byName = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (const { name, value } of fields) {
    const key = name.toLowerCase();
    const found = byName.get(key) ?? { name, values: [] };
    found.values.push(decoded(value));
    byName.set(key, found);
  }
  return Object.fromEntries([...byName.values()].map(({ name, values }) => [name, values]));
}

export async function savedPart({ parts }: Structure, id: string): Promise<SavedPart | undefined> {
  const part = parts.find((one) => one.id === id);
  return part && describe(part);
}

async function savedParts(parts: readonly Part[]): Promise<readonly SavedPart[]> {
  const saved: SavedPart[] = [];
  for (const part of parts) if (!isText(part)) saved.push(await describe(part));
  return saved;
}

async function describe(part: Part): Promise<SavedPart> {
  const { fields } = part;
  const type = (valueOf(fields, 'content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const contentId = messageIdIn(valueOf(fields, 'content-id'));
  return {
    ...{ part, contentId, fileName: isText(part) ? '' : await fileNameOf(fields) },
    type: MEDIA_TYPE.test(type) ? type : UNKNOWN_TYPE,
    isInline: !isAttachment(part) && (contentId !== '' || isSaidInline(part)),
  };
}

/** The library reads it in all the ways that it is written in (RFC 2231, RFC 2047); what it refuses has no name. */
async function fileNameOf(fields: readonly HeaderField[]): Promise<string> {
  const lines = NAME_FIELDS.map((name) => `${name}: ${valueOf(fields, name)?.slice(0, FIELD_LIMIT_CHARACTERS) ?? ''}`);
  const header = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const parsed = await new PostalMime({ forceRfc822Attachments: true }).parse(header).catch(() => undefined);
  return printableLine(parsed?.attachments[0]?.filename ?? '');
}

function partShape({ part, fileName, type, contentId }: SavedPart): PartShape {
  return { PartID: part.id, FileName: fileName, ContentType: type, ContentID: contentId, Size: sizeOf(part) };
}

/** Of base64, four characters are three octets. */
function sizeOf({ fields, octetsInLines, from, to }: Part): number {
  const isBase64 = /^\s*base64\s*$/i.test(valueOf(fields, 'content-transfer-encoding') ?? '');
  return isBase64 ? Math.floor((octetsInLines * 3) / 4) : to - from;
}

/** To be read, and not to be saved. */
function isText(part: Part): boolean {
  return TEXT_TYPE.test(valueOf(part.fields, 'content-type') ?? 'text/plain') && !isAttachment(part);
}

function isAttachment({ fields }: Part): boolean {
  return /^\s*attachment\b/i.test(valueOf(fields, 'content-disposition') ?? '');
}

function isSaidInline({ fields }: Part): boolean {
  return /^\s*inline\b/i.test(valueOf(fields, 'content-disposition') ?? '');
}

function textsOf(parts: readonly Part[]): { readonly text: string | undefined; readonly html: string } {
  const texts = parts.filter(isText).map((part) => ({ kind: kindOf(part), text: textOf(part) }));
  const plain = texts.filter(({ kind }) => kind === 'plain').map(({ text }) => text);
  const html = texts.filter(({ kind }) => kind === 'html').map(({ text }) => text);
  return { text: plain.length === 0 ? undefined : plain.join('\n'), html: html.join('\n') };
}

function kindOf({ fields }: Part): string {
  return TEXT_TYPE.exec(valueOf(fields, 'content-type') ?? 'text/plain')?.[1]?.toLowerCase() ?? 'plain';
}

function textOf(part: Part): string {
  const octets = withoutTransferEncoding(part.beginning, valueOf(part.fields, 'content-transfer-encoding'));
  const named = charsetOf(valueOf(part.fields, 'content-type') ?? '');
  return decode(octets, named ?? (kindOf(part) === 'html' ? charsetOfHtml(octets) : undefined));
}

/** Parted before they are decoded: a comma that is encoded parts nothing. */
function addressesOf(value: string | undefined, decoded: (text: string) => string): AddressShape[] {
  return addressesIn(value ?? '').map(({ name, address }) =>
    addressShape({ name: decoded(name), address: decoded(address) }),
  );
}

function dateIn(field: string, receivedAtMs: number): string {
  const ms = Date.parse(field.replace(/\([^()]*\)/g, ''));
  return new Date(Number.isNaN(ms) ? receivedAtMs : ms).toISOString();
}
