/** The fields of a message as it travels to the store: numbers, texts and octets, one behind the other. */
import { isUtf8, type Buffer } from 'node:buffer';
import { FrameError, HEADER_BYTES, writeHeader, type FrameType } from './frames.js';

/** In front of each text and of each run of octets. */
export const LENGTH_BYTES = 4;
const NONE = 0xffffffff;

/** Never too small: a UTF-16 unit takes at most three bytes. */
export function textBytes(text: string | undefined): number {
  return LENGTH_BYTES + 3 * (text?.length ?? 0);
}

export class FieldWriter {
  readonly #buffer: Buffer;
  #at = HEADER_BYTES;

  constructor(room: Buffer) {
    this.#buffer = room;
  }

  integer(value: number): void {
    this.#at = this.#buffer.writeUInt32BE(value, this.#at);
  }

  text(value: string | undefined): void {
    if (value === undefined) return this.integer(NONE);
    const written = this.#buffer.write(value, this.#at + LENGTH_BYTES);
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

export class FieldReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  integer(): number {
    if (this.#at + LENGTH_BYTES > this.#buffer.length) throw new FrameError('a frame ends inside a field');
    const value = this.#buffer.readUInt32BE(this.#at);
    this.#at += LENGTH_BYTES;
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
