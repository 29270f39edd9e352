/**
 * How workers and the store process talk over the Unix socket: length, type, request number, payload.
 *
 *   u32 length of what follows | u8 type | u32 request | payload
 *
 * Bodies and envelopes are bytes; what is rare and small (locks, changes of the directory, status) is JSON.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { BufferPool } from './buffer-pool.js';

export const FrameType = {
  /** To the store. */
  Deliver: 1,
  Chunk: 2,
  Commit: 3,
  Abort: 4,
  Lock: 5,
  Unlock: 6,
  Remove: 7,
  Change: 8,
  Status: 9,
  Use: 10,
  Renew: 11,
  /** The first frame of every connection. */
  Hello: 12,
  /** The answer to Changed. */
  Heard: 13,
  /** The answer to HolderWanted. */
  Holder: 14,
  /** Of who sends: it lives, wants rows, says what became of them, lets a destination rest. */
  Begin: 15,
  Lease: 16,
  LeaseLate: 17,
  Settle: 18,
  Rest: 19,
  /** From here on it is told by Due. */
  Watch: 20,
  /** These rows are being sent; needs no answer. */
  Sending: 21,
  /** What it has leased and is not among these returns. */
  ReturnAllBut: 22,
  /** What a device was refused; never answered. */
  Refused: 23,
  /** From here on it gets NewMail, and from there on no more. */
  TakeNew: 24,
  LeaveNew: 25,
  /** What came and who logged in; never answered. */
  History: 26,
  /** From the store. */
  Done: 64,
  Failed: 65,
  /** The directory is another now: what was remembered of it is to be forgotten, and logins that do not stand end. */
  Changed: 66,
  /** The answer to Hello: every change from here on is told, and what was before can be read. */
  Welcome: 67,
  /** Another wants a maildrop that this process holds: does its holder give it up? */
  HolderWanted: 68,
  /** Something of the queue may be due earlier than it was. */
  Due: 69,
  /** What was queued just now, and is leased to this process. */
  NewMail: 70,
} as const;
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

export interface Frame {
  readonly type: FrameType;
  readonly request: number;
  readonly payload: Buffer;
}

const NOTHING = Buffer.alloc(0);
const LENGTH_BYTES = 4;
export const HEADER_BYTES = 9;
/** The name of an upload, where a payload begins with one. */
export const UPLOAD_BYTES = 4;
/** A longer message goes in pieces of this; db/README.md promises that no row holds more. */
export const CHUNK_BYTES = 256 * 1024;
/** A longer frame is garbage, and its connection is closed: the largest real one is a chunk, or a message to a thousand recipients. */
export const FRAME_LIMIT_BYTES = 32 * 1024 * 1024;

/** What Hello says: a process of another release, which would speak of other things, is not served. */
const GREETING = 'pennypost store 6';

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

/** @throws FrameError */
export function requireLength({ length }: Buffer, wanted: number): void {
  if (length !== wanted) throw new FrameError(`${length} bytes where ${wanted} are meant`);
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

/** What has come of a frame that goes on in the next read: the first bytes of `room`. */
interface Begun {
  readonly length: number;
  room: Buffer;
  filled: number;
}

/** A frame has so much room from the beginning; what is announced as longer must first come. */
const ROOM_LIMIT_BYTES = 1024 * 1024;
const CHUNK_FRAME_BYTES = HEADER_BYTES + UPLOAD_BYTES + CHUNK_BYTES;

/** Cuts a stream into frames. Payloads are copies: of the bytes that are pushed nothing is kept. */
export class FrameReader {
  readonly #memory = new BufferPool([CHUNK_FRAME_BYTES]);
  /** Of a frame whose length has not come. */
  #rest: Buffer = NOTHING;
  #begun: Begun | undefined;

  /** What has come of a frame that is not complete. */
  get waitingBytes(): number {
    return this.#rest.length + (this.#begun?.filled ?? 0);
  }

  /** Gives every frame that is complete now to `take`. @throws FrameError on a length that no frame has. */
  push(bytes: Buffer, take: (frame: Frame) => void): void {
    const behind = this.#begun === undefined ? bytes : this.#fill(this.#begun, bytes, take);
    if (behind.length === 0) return;
    const all = this.#rest.length === 0 ? behind : Buffer.concat([this.#rest, behind]);
    this.#rest = NOTHING;
    this.#keep(lengthAt(all, 0) > all.length ? all : takeWhole(Buffer.from(all), take));
  }

  /** A chunk that is written: its memory serves the next. */
  takeBack(payload: Buffer): void {
    this.#memory.takeBack(payload);
  }

  /** Returns what comes behind the frame. */
  #fill(begun: Begun, bytes: Buffer, take: (frame: Frame) => void): Buffer {
    const count = Math.min(bytes.length, begun.length - begun.filled);
    if (begun.filled + count > begun.room.length) grow(begun, begun.filled + count);
    begun.room.set(bytes.subarray(0, count), begun.filled);
    begun.filled += count;
    if (begun.filled === begun.length) {
      this.#begun = undefined;
      take(frameOf(begun.room));
    }
    return bytes.subarray(count);
  }

  /** The beginning of a frame, or nothing. */
  #keep(bytes: Buffer): void {
    if (bytes.length < LENGTH_BYTES) {
      this.#rest = Buffer.from(bytes);
      return;
    }
    const length = lengthAt(bytes, 0);
    const isChunk = length === CHUNK_FRAME_BYTES;
    const roomBytes = Math.min(length, Math.max(ROOM_LIMIT_BYTES, bytes.length));
    const room = isChunk ? this.#memory.lend(length) : Buffer.allocUnsafe(roomBytes);
    room.set(bytes);
    this.#begun = { length, room, filled: bytes.length };
  }
}

/** Gives every frame that is complete to `take`; returns what is left. */
function takeWhole(bytes: Buffer, take: (frame: Frame) => void): Buffer {
  let at = 0;
  for (let length = lengthAt(bytes, at); at + length <= bytes.length; length = lengthAt(bytes, at)) {
    take(frameOf(bytes.subarray(at, at + length)));
    at += length;
  }
  return bytes.subarray(at);
}

function grow(begun: Begun, wanted: number): void {
  const room = Buffer.allocUnsafe(Math.min(begun.length, Math.max(2 * begun.room.length, wanted)));
  room.set(begun.room.subarray(0, begun.filled));
  begun.room = room;
}

/** Of the frame that begins there, more than there can be when that is not known. @throws FrameError */
function lengthAt(bytes: Buffer, at: number): number {
  if (bytes.length - at < LENGTH_BYTES) return Infinity;
  const length = bytes.readUInt32BE(at);
  if (length < HEADER_BYTES - LENGTH_BYTES || length > FRAME_LIMIT_BYTES)
    throw new FrameError(`a frame of ${length} bytes`);
  return LENGTH_BYTES + length;
}

function frameOf(bytes: Buffer): Frame {
  return {
    type: bytes[LENGTH_BYTES] as FrameType,
    request: bytes.readUInt32BE(LENGTH_BYTES + 1),
    payload: bytes.subarray(HEADER_BYTES),
  };
}
