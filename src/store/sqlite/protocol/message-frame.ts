/**
 * A message as it travels to the store: what is written of it besides its chunks, as bytes.
 * Encoder and decoder stand side by side, in the same order of fields.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import type { Envelope, EnvelopeRecipient } from '../../deliveries.js';
import { FrameError, FrameType, HEADER_BYTES, writeHeader } from './frames.js';
import type { Summary } from '../../../message/summary.js';

export interface MessageMetadata {
  readonly envelope: Envelope;
  readonly summary: Summary;
  /** Of the body alone. */
  readonly octets: number;
  /** Whether RETR must add the last CRLF. */
  readonly unterminated: boolean;
}

const FIXED_BYTES = 64;
const STRING_OVERHEAD_BYTES = 4;
const NONE = 0xffffffff;

/** A message that is small enough to travel whole: its metadata, then its body. It stands at the beginning of what `allocate` gives. */
export function deliverFrame(
  request: number,
  metadata: MessageMetadata,
  body: Uint8Array,
  allocate: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafe(bytes),
): Buffer {
  const writer = new FieldWriter(allocate(sizeOf(metadata) + body.length));
  writeMetadata(writer, metadata);
  writer.raw(body);
  return writer.frame(FrameType.Deliver, request);
}

/** The end of a message whose chunks went ahead under the name `upload`. */
export function commitFrame(request: number, upload: number, metadata: MessageMetadata): Buffer {
  const writer = new FieldWriter(Buffer.allocUnsafe(sizeOf(metadata)));
  writer.integer(upload);
  writeMetadata(writer, metadata);
  return writer.frame(FrameType.Commit, request);
}

/** The metadata, and what follows it. @throws FrameError */
export function readMetadata(payload: Buffer): { readonly metadata: MessageMetadata; readonly body: Buffer } {
  const reader = new FieldReader(payload);
  const octets = reader.integer();
  const unterminated = reader.flag();
  const summary: Summary = {
    headerOctets: reader.integer(),
    decodes: reader.flag(),
    from: reader.text(),
    to: reader.text(),
    subject: reader.text(),
    date: reader.text(),
    messageId: reader.text(),
  };
  const envelope = readEnvelope(reader);
  if (summary.headerOctets > octets) throw new FrameError('a header that is longer than its message');
  return { metadata: { envelope, summary, octets, unterminated }, body: reader.rest() };
}

function writeMetadata(writer: FieldWriter, { envelope, summary, octets, unterminated }: MessageMetadata): void {
  writer.integer(octets);
  writer.integer(unterminated ? 1 : 0);
  writer.integer(summary.headerOctets);
  writer.integer(summary.decodes ? 1 : 0);
  writer.text(summary.from);
  writer.text(summary.to);
  writer.text(summary.subject);
  writer.text(summary.date);
  writer.text(summary.messageId);
  writer.text(envelope.reversePath);
  writer.integer(Math.floor(envelope.receivedAtMs / 1000));
  writer.integer(envelope.receivedAtMs % 1000);
  writer.integer(envelope.perRecipient === true ? 1 : 0);
  writer.integer(envelope.recipients.length);
  for (const { account, recipient, trace } of envelope.recipients) {
    writer.integer(account);
    writer.text(recipient);
    writer.bytes(trace);
  }
}

function readEnvelope(reader: FieldReader): Envelope {
  const reversePath = reader.requiredText();
  const receivedAtMs = reader.integer() * 1000 + reader.below(1000);
  const perRecipient = reader.below(2) === 1;
  const recipients: EnvelopeRecipient[] = [];
  for (let count = reader.integer(); count > 0; count--)
    recipients.push({ account: reader.integer(), recipient: reader.requiredText(), trace: reader.bytes() });
  if (recipients.length === 0) throw new FrameError('a message for nobody');
  return { reversePath, receivedAtMs, perRecipient, recipients };
}

/** Never too small: a UTF-16 unit takes at most three bytes. */
function sizeOf({ envelope, summary }: MessageMetadata): number {
  let bytes = HEADER_BYTES + FIXED_BYTES + 3 * envelope.reversePath.length;
  for (const text of [summary.from, summary.to, summary.subject, summary.date, summary.messageId])
    bytes += STRING_OVERHEAD_BYTES + 3 * (text?.length ?? 0);
  for (const { recipient, trace } of envelope.recipients)
    bytes += 3 * STRING_OVERHEAD_BYTES + 3 * recipient.length + trace.length;
  return bytes;
}

class FieldWriter {
  readonly #buffer: Buffer;
  #at = HEADER_BYTES;

  constructor(allocate: Buffer) {
    this.#buffer = allocate;
  }

  integer(value: number): void {
    this.#at = this.#buffer.writeUInt32BE(value, this.#at);
  }

  text(value: string | undefined): void {
    if (value === undefined) return this.integer(NONE);
    const written = this.#buffer.write(value, this.#at + STRING_OVERHEAD_BYTES);
    this.integer(written);
    this.#at += written;
  }

  bytes(value: Uint8Array): void {
    this.integer(value.length);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
  }

  frame(type: FrameType, request: number): Buffer {
    writeHeader(this.#buffer, type, request, this.#at - HEADER_BYTES);
    return this.#buffer.subarray(0, this.#at);
  }
}

class FieldReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  integer(): number {
    if (this.#at + STRING_OVERHEAD_BYTES > this.#buffer.length) throw new FrameError('a frame ends inside a field');
    const value = this.#buffer.readUInt32BE(this.#at);
    this.#at += STRING_OVERHEAD_BYTES;
    return value;
  }

  below(limit: number): number {
    const value = this.integer();
    if (value >= limit) throw new FrameError(`${value} where less than ${limit} is meant`);
    return value;
  }

  flag(): boolean {
    return this.below(2) === 1;
  }

  text(): string | undefined {
    const length = this.integer();
    if (length === NONE) return undefined;
    const bytes = this.#slice(length);
    if (!isUtf8(bytes)) throw new FrameError('a text that is not UTF-8');
    return bytes.toString();
  }

  requiredText(): string {
    const text = this.text();
    if (text === undefined) throw new FrameError('a field is missing');
    return text;
  }

  bytes(): Buffer {
    return this.#slice(this.integer());
  }

  rest(): Buffer {
    return this.#buffer.subarray(this.#at);
  }

  #slice(length: number): Buffer {
    if (this.#at + length > this.#buffer.length) throw new FrameError('a frame ends inside a field');
    const slice = this.#buffer.subarray(this.#at, this.#at + length);
    this.#at += length;
    return slice;
  }
}
