/**
 * How workers and the store process talk over the Unix socket: length, type, request number, payload.
 *
 *   u32 length of what follows | u8 type | u32 request | payload
 *
 * Bodies and envelopes are bytes; what is rare and small (locks, changes of the directory, status) is JSON.
 */
import { Buffer, isUtf8 } from 'node:buffer';

export const enum FrameType {
  /** To the store. */
  Deliver = 1,
  Chunk,
  Commit,
  Abort,
  Lock,
  Unlock,
  Remove,
  Change,
  Status,
  Report,
  Use,
  Renew,
  /** The first frame of every connection. */
  Hello,
  /** The answer to Changed. */
  Heard,
  /** From the store. */
  Done = 64,
  Failed,
  ReportWanted,
  /** The directory is another now: what was remembered of it is to be forgotten. */
  Changed,
}

export interface Frame {
  readonly type: FrameType;
  readonly request: number;
  readonly payload: Buffer;
}

const LENGTH_BYTES = 4;
export const HEADER_BYTES = 9;
/** The name of an upload, where a payload begins with one. */
export const UPLOAD_BYTES = 4;
/** A longer message goes in pieces of this; db/README.md promises that no row holds more. */
export const CHUNK_BYTES = 256 * 1024;
/** A longer frame is garbage, and its connection is closed: the largest real one is a chunk, or a message to a thousand recipients. */
export const FRAME_LIMIT_BYTES = 32 * 1024 * 1024;

/** What Hello says: a process of another release, which would speak of other things, is not served. */
const GREETING = 'pennypost store 1';

export class FrameError extends Error {}

/** Writes the header for a payload of so many bytes into the first HEADER_BYTES of `into`. */
export function writeHeader(into: Buffer, type: FrameType, request: number, payloadBytes: number): void {
  into.writeUInt32BE(HEADER_BYTES - LENGTH_BYTES + payloadBytes, 0);
  into[LENGTH_BYTES] = type;
  into.writeUInt32BE(request, LENGTH_BYTES + 1);
}

export function jsonFrame(type: FrameType, request: number, value: unknown): Buffer {
  const text = JSON.stringify(value);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + Buffer.byteLength(text));
  bytes.write(text, HEADER_BYTES);
  writeHeader(bytes, type, request, bytes.length - HEADER_BYTES);
  return bytes;
}

/** In front of a payload that begins with the name of an upload. */
export function uploadHeader(type: FrameType, request: number, upload: number, octets: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + UPLOAD_BYTES);
  writeHeader(bytes, type, request, UPLOAD_BYTES + octets);
  bytes.writeUInt32BE(upload, HEADER_BYTES);
  return bytes;
}

export function emptyFrame(type: FrameType, request: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES);
  writeHeader(bytes, type, request, 0);
  return bytes;
}

export function helloFrame(): Buffer {
  return jsonFrame(FrameType.Hello, 0, GREETING);
}

export function isHello({ type, payload }: Frame): boolean {
  return type === FrameType.Hello && payload.toString() === JSON.stringify(GREETING);
}

/** Undefined for an empty payload. @throws FrameError */
export function readJson(payload: Buffer): unknown {
  if (payload.length === 0) return undefined;
  try {
    if (isUtf8(payload)) return JSON.parse(payload.toString());
  } catch {
    // Said below.
  }
  throw new FrameError('a frame that should hold JSON does not');
}

/** Cuts a stream into frames; payloads are slices of what was pushed where that is possible. */
export class FrameReader {
  #parts: Buffer[] = [];
  #bytes = 0;
  #wanted = LENGTH_BYTES;

  /** What has come of a frame that is not complete. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  /** Gives every frame that is complete now to `take`. @throws FrameError on a length that no frame has. */
  push(bytes: Buffer, take: (frame: Frame) => void): void {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    while (this.#bytes >= this.#wanted) {
      const all = this.#join();
      const length = all.readUInt32BE(0);
      if (length < HEADER_BYTES - LENGTH_BYTES || length > FRAME_LIMIT_BYTES)
        throw new FrameError(`a frame of ${length} bytes`);
      this.#wanted = LENGTH_BYTES + length;
      if (all.length < this.#wanted) return;
      const frame = all.subarray(0, this.#wanted);
      this.#rest(all.subarray(this.#wanted));
      take({
        type: frame[LENGTH_BYTES] as FrameType,
        request: frame.readUInt32BE(LENGTH_BYTES + 1),
        payload: frame.subarray(HEADER_BYTES),
      });
    }
  }

  #join(): Buffer {
    const all = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [all];
    return all;
  }

  #rest(bytes: Buffer): void {
    this.#parts = bytes.length === 0 ? [] : [bytes];
    this.#bytes = bytes.length;
    this.#wanted = LENGTH_BYTES;
  }
}
