/** Frames on their way out: those of one turn of the event loop leave in one write. */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';

/** Below this, frames are copied together: one write costs more than the copy. */
const COPY_LIMIT_BYTES = 64 * 1024;

export class FrameOutput {
  readonly #socket: Socket;
  #waiting: Buffer[] = [];
  #bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** What the other side has not taken yet. */
  get waitingBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  send(...frames: readonly Buffer[]): void {
    if (this.#bytes === 0) setImmediate(() => this.flush());
    for (const frame of frames) {
      this.#waiting.push(frame);
      this.#bytes += frame.length;
    }
  }

  flush(): void {
    if (this.#bytes === 0) return;
    const frames = this.#waiting;
    const bytes = this.#bytes;
    this.#waiting = [];
    this.#bytes = 0;
    if (frames.length === 1) this.#socket.write(frames[0] as Buffer);
    else if (bytes <= COPY_LIMIT_BYTES) this.#socket.write(Buffer.concat(frames, bytes));
    else this.#writeAll(frames);
  }

  #writeAll(frames: readonly Buffer[]): void {
    this.#socket.cork();
    for (const frame of frames) this.#socket.write(frame);
    this.#socket.uncork();
  }
}
