/**
 * A message as it travels to the store: what is written of it besides its chunks, as bytes.
 * Encoder and decoder stand side by side, in the same order of fields.
 */
import { Buffer } from 'node:buffer';
import type {
  Envelope,
  EnvelopeRecipient,
  Imported,
  LocalRecipient,
  Outgoing,
  RemoteRecipient,
} from '../../deliveries.js';
import { FieldReader, FieldWriter, LENGTH_BYTES, textBytes } from './fields.js';
import { FrameError, FrameType, HEADER_BYTES } from './frames.js';
import { readDeviceUse } from './requests.js';
import { readOutgoing, readRemote, readSettled, type SettleRequest } from './queue-requests.js';
import type { Summary } from '../../../message/summary.js';

export interface MessageMetadata {
  readonly envelope: Omit<Envelope, 'settles'>;
  /** What the envelope settles, and for whom. */
  readonly settles?: SettleRequest | undefined;
  readonly summary: Summary;
  /** Of the body alone. */
  readonly octets: number;
  /** SHA-256 of the body, made while it was still in the process that took it: what `pennypost check` compares. */
  readonly hash: Uint8Array;
  /** Whether RETR must add the last CRLF. */
  readonly unterminated: boolean;
}

const FIXED_BYTES = 64;
/** A remote recipient in JSON, without its texts: names, quotes and brackets. */
const REMOTE_BYTES = 128;
/** One of what is to be reported, as `"success",`. */
const NOTIFY_BYTES = 10;
/** A UTF-16 unit of a text, where it is escaped. */
const ESCAPED_BYTES = 6;
const IMPORT_KEY_BYTES = 32;
const HASH_BYTES = 32;
const RecipientKind = {
  Local: 0,
  Remote: 1,
  Imported: 2,
} as const;
type RecipientKind = (typeof RecipientKind)[keyof typeof RecipientKind];

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
  const hash = reader.bytes();
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
  const settles = reader.text();
  const device = reader.text();
  if (hash.length !== HASH_BYTES) throw new FrameError(`a hash of ${hash.length} octets`);
  if (summary.headerOctets > octets) throw new FrameError('a header that is longer than its message');
  return {
    metadata: {
      envelope: device === undefined ? envelope : { ...envelope, device: readDeviceUse(device) },
      summary,
      octets,
      hash,
      unterminated,
      settles: settles === undefined ? undefined : readSettled(settles),
    },
    body: reader.rest(),
  };
}

function writeMetadata(
  writer: FieldWriter,
  { envelope, summary, octets, hash, unterminated, settles }: MessageMetadata,
): void {
  writer.integer(octets);
  writer.bytes(hash);
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
  for (const recipient of envelope.recipients) writeRecipient(writer, recipient);
  writeOutgoing(writer, envelope.outgoing);
  writer.text(settles && JSON.stringify(settles));
  writer.text(envelope.device && JSON.stringify(envelope.device));
}

function readEnvelope(reader: FieldReader): MessageMetadata['envelope'] {
  const reversePath = reader.requiredText();
  const receivedAtMs = reader.integer() * 1000 + reader.below(1000);
  const perRecipient = reader.flag();
  const recipients: EnvelopeRecipient[] = [];
  for (let count = reader.integer(); count > 0; count--) recipients.push(readRecipient(reader));
  if (recipients.length === 0) throw new FrameError('a message for nobody');
  const outgoing = readOutgoingOf(reader);
  if ((outgoing !== undefined) !== recipients.some(({ kind }) => kind === 'remote'))
    throw new FrameError('a message that goes out to nobody, or nobody knows how');
  return { reversePath, receivedAtMs, perRecipient, recipients, outgoing };
}

function writeRecipient(writer: FieldWriter, recipient: EnvelopeRecipient): void {
  if (recipient.kind === 'remote') {
    writer.integer(RecipientKind.Remote);
    return writer.text(JSON.stringify(recipient));
  }
  const { account, trace, imported } = recipient;
  writer.integer(imported === undefined ? RecipientKind.Local : RecipientKind.Imported);
  writer.integer(account);
  writer.text(recipient.recipient);
  writer.bytes(trace);
  if (imported === undefined) return;
  writer.bytes(imported.key);
  writer.text(imported.uidl);
  writer.integer(imported.ignoresQuota ? 1 : 0);
}

function readRecipient(reader: FieldReader): EnvelopeRecipient {
  const kind = reader.below(Object.keys(RecipientKind).length);
  if (kind === RecipientKind.Remote) return readRemote(reader.requiredText());
  const account = reader.integer();
  const copy = { kind: 'local', account, recipient: reader.requiredText(), trace: reader.bytes() } as const;
  return kind === RecipientKind.Imported ? { ...copy, imported: readImported(reader) } : copy;
}

function readImported(reader: FieldReader): Imported {
  const key = reader.bytes();
  if (key.length !== IMPORT_KEY_BYTES) throw new FrameError(`a key of ${key.length} octets`);
  return { key, uidl: reader.text(), ignoresQuota: reader.flag() };
}

function writeOutgoing(writer: FieldWriter, outgoing: Outgoing | undefined): void {
  if (outgoing === undefined) return writer.text(undefined);
  const { trace, ...fields } = wholeTimes(outgoing);
  writer.text(JSON.stringify(fields));
  writer.bytes(trace);
}

function wholeTimes(outgoing: Outgoing): Outgoing {
  const { firstAttemptAtMs, expiresAtMs, delayNoticeAtMs } = outgoing;
  return {
    ...outgoing,
    ...{ firstAttemptAtMs: Math.round(firstAttemptAtMs), expiresAtMs: Math.round(expiresAtMs) },
    delayNoticeAtMs: delayNoticeAtMs === undefined ? undefined : Math.round(delayNoticeAtMs),
  };
}

function readOutgoingOf(reader: FieldReader): Outgoing | undefined {
  const fields = reader.text();
  return fields === undefined ? undefined : { ...readOutgoing(fields), trace: reader.bytes() };
}

/** Never too small. */
function sizeOf({ envelope, summary, settles }: MessageMetadata): number {
  let bytes = HEADER_BYTES + FIXED_BYTES + LENGTH_BYTES + HASH_BYTES + textBytes(envelope.reversePath);
  for (const text of [summary.from, summary.to, summary.subject, summary.date, summary.messageId])
    bytes += textBytes(text);
  for (const recipient of envelope.recipients)
    bytes += recipient.kind === 'local' ? sizeOfLocal(recipient) : sizeOfRemote(recipient);
  if (envelope.outgoing !== undefined)
    bytes += textBytes(JSON.stringify({ ...envelope.outgoing, trace: undefined })) + envelope.outgoing.trace.length;
  for (const extra of [settles, envelope.device]) if (extra !== undefined) bytes += textBytes(JSON.stringify(extra));
  return bytes;
}

/** Without writing it: a message may have a thousand. */
function sizeOfRemote({ recipient, destination, notify = [], originalRecipient = '' }: RemoteRecipient): number {
  const units = recipient.length + destination.length + originalRecipient.length;
  return 2 * LENGTH_BYTES + REMOTE_BYTES + NOTIFY_BYTES * notify.length + ESCAPED_BYTES * units;
}

function sizeOfLocal({ recipient, trace, imported }: LocalRecipient): number {
  const bytes = 3 * LENGTH_BYTES + textBytes(recipient) + trace.length;
  return imported === undefined ? bytes : bytes + 2 * LENGTH_BYTES + IMPORT_KEY_BYTES + textBytes(imported.uidl);
}
