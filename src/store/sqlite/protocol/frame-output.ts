/**
 * Frames on their way out: those of one turn of the event loop leave in one write, or in a few when they fill the room. Small ones stand in one room, from which they
 * are written, and which serves again as soon as the kernel has taken everything; large ones leave as they are.
 */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';

const ROOM_BYTES = 64 * 1024;
/** Larger frames are not copied: one more piece in a write costs less. */
const COPY_LIMIT_BYTES = 32 * 1024;
const NOTHING = Buffer.alloc(0);

export class FrameOutput {
  readonly #socket: Socket;
  #room: Buffer = NOTHING;
  /** What waits in the room, and was not cut off behind a large frame. */
  #from = 0;
  #to = 0;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** What the other side has not taken yet. */
  get waitingBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  /** Where the next frame may be built, so that it is not copied; nothing else may be sent in between. */
  room(bytes: number): Buffer {
    if (bytes > COPY_LIMIT_BYTES) return Buffer.allocUnsafe(bytes);
    this.#makeRoom(bytes);
    return this.#room.subarray(this.#to, this.#to + bytes);
  }

  send(...frames: readonly Buffer[]): void {
    if (this.#bytes === 0) setImmediate(() => this.flush());
    for (const frame of frames) {
      if (frame.length > COPY_LIMIT_BYTES) this.#append(frame);
      else if (frame.buffer === this.#room.buffer && frame.byteOffset === this.#to) this.#to += frame.length;
      else this.#copy(frame);
      this.#bytes += frame.length;
    }
  }

  flush(): void {
    if (this.#bytes === 0) return;
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    if (pieces.length === 1) this.#socket.write(pieces[0] as Buffer);
    else this.#writeAll(pieces);
  }

  #copy(frame: Buffer): void {
    this.#makeRoom(frame.length);
    this.#room.set(frame, this.#to);
    this.#to += frame.length;
  }

  #append(frame: Buffer): void {
    this.#cut();
    this.#pieces.push(frame);
  }

  #cut(): void {
    if (this.#to > this.#from) this.#pieces.push(this.#room.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }

  /** From the beginning when nobody needs what stands there; of a new one when this one is full of what has not been taken. */
  #makeRoom(bytes: number): void {
    if (this.#room.length - this.#to < bytes) this.flush();
    if (this.#bytes === 0 && this.#socket.writableLength === 0) this.#from = this.#to = 0;
    if (this.#room.length - this.#to >= bytes) return;
    this.#room = Buffer.allocUnsafeSlow(ROOM_BYTES);
    this.#from = this.#to = 0;
  }

  #writeAll(pieces: readonly Buffer[]): void {
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }
}
