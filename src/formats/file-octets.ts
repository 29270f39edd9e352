/** A regular file that is read from anywhere in it, a piece at a time. What it holds is not in memory. */
import { constants, readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { NoMail } from './found.js';

const PIECE_BYTES = 256 * 1024;
/** Read at once, and looked into until it is used up: small messages cost no read each. */
const WINDOW_BYTES = 1024 * 1024;
const NEAR_BYTES = 64 * 1024;

export class FileOctets {
  readonly path: string;
  readonly bytes: number;
  readonly #handle: FileHandle;
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;

  private constructor(path: string, handle: FileHandle, bytes: number) {
    this.path = path;
    this.#handle = handle;
    this.bytes = bytes;
  }

  /** A FIFO would be waited for, and a device has no end. @throws NoMail */
  static async open(path: string): Promise<FileOctets> {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (stats.isFile()) return new FileOctets(path, handle, stats.size);
    await handle.close();
    throw new NoMail(`${path} is no regular file`);
  }

  /** At most so many octets, fewer at the end of the file. */
  at(position: number, bytes: number): Buffer {
    if (bytes > NEAR_BYTES) return this.#read(position, bytes);
    return this.around(position).subarray(0, bytes);
  }

  /** What stands there and behind it, as much as is at hand: NEAR_BYTES or more, fewer at the end of the file. */
  around(position: number): Buffer {
    const at = position - this.#windowAt;
    const isNear =
      at >= 0 && (at + NEAR_BYTES <= this.#window.length || this.#windowAt + this.#window.length === this.bytes);
    if (isNear) return this.#window.subarray(at);
    this.#window = this.#read(position, WINDOW_BYTES);
    this.#windowAt = position;
    return this.#window;
  }

  async *range(from: number, to: number): AsyncGenerator<Buffer, void> {
    for (let at = from; at < to; at += PIECE_BYTES) {
      if (at > from) await setImmediate(); // Large messages let others have their turn.
      yield this.at(at, Math.min(PIECE_BYTES, to - at));
    }
  }

  /** At once: a message costs no turn of the thread pool. */
  #read(position: number, bytes: number): Buffer {
    const buffer = Buffer.allocUnsafeSlow(Math.max(0, Math.min(bytes, this.bytes - position)));
    let length = 0;
    while (length < buffer.length) {
      const read = readSync(this.#handle.fd, buffer, length, buffer.length - length, position + length);
      if (read === 0) break; // It was cut meanwhile.
      length += read;
    }
    return buffer.subarray(0, length);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
