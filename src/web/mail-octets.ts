/** Octets of messages as answers: a piece at a time, when the client has taken the one before. No browser takes them for a page. */
import { Buffer } from 'node:buffer';
import { ReadableStream } from 'node:stream/web';
import { transferDecoder } from '../message/transfer.js';
import { valueOf } from '../message/fields.js';
import { each, type Source } from '../store/source.js';
import type { SavedPart } from './mail-message.js';

/** Opened by itself, what a stranger wrote runs nothing, loads nothing, and is of no origin. */
const SEALED = { 'Content-Security-Policy': "default-src 'none'; sandbox" };
/** What parts a path, and half a character. */
const NOT_IN_NAME = /[/\\]|\p{Surrogate}/gu;
/** What a header field may not have unquoted, in a name of a file. */
const NOT_ASCII = /[^\x20-\x7e]|["\\%]/g;

export function sourceResponse(source: Source, octets: number): Response {
  const headers = { ...SEALED, 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': String(octets) };
  return new Response(streamOf(each(source)), { headers });
}

/** `source` is that of the whole message. */
export function partResponse(saved: SavedPart, source: Source): Response {
  const headers = { ...SEALED, 'Content-Type': saved.type, 'Content-Disposition': disposition(saved.fileName) };
  return new Response(streamOf(contentOf(saved, source)), { headers });
}

async function* contentOf({ part }: SavedPart, source: Source): AsyncGenerator<Uint8Array, void> {
  const decoder = transferDecoder(valueOf(part.fields, 'content-transfer-encoding'));
  let at = 0;
  for await (const piece of each(source)) {
    const [from, to] = [part.from, part.to].map((place) => Math.min(Math.max(place - at, 0), piece.length));
    at += piece.length;
    const content = decoder.pass(Buffer.from(piece.subarray(from, to)));
    if (content.length > 0) yield content;
    if (at >= part.to) break;
  }
  yield decoder.end();
}

/** RFC 6266, the name as RFC 8187 writes it. */
function disposition(fileName: string): string {
  const name = fileName === '' ? 'part' : fileName.replace(NOT_IN_NAME, '_');
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${name.replace(NOT_ASCII, '_')}"; filename*=UTF-8''${encoded}`;
}

function streamOf(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  return ReadableStream.from(pieces);
}
