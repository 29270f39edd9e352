/**
 * One buffer into which all connections of a process copy what they write in pieces, so that it leaves in one: the kernel
 * takes it at once from nearly every client, and then the buffer is free again. A buffer for each write would be garbage
 * that V8 collects in major collections; a system call with many pieces costs more than the copy.
 */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';

/** As much as a session holds before it writes, and one small message more. */
const ROOM_BYTES = 80 * 1024;

export class SharedWrites {
  #room: Buffer | undefined;

  /** False when they must be written otherwise: they are too many, or the client has not taken what was written before. */
  write(socket: Socket, pieces: readonly Uint8Array[]): boolean {
    if (socket.writableLength > 0) return false;
    const room = (this.#room ??= Buffer.allocUnsafeSlow(ROOM_BYTES));
    let length = 0;
    for (const piece of pieces) {
      if (length + piece.length > ROOM_BYTES) return false;
      room.set(piece, length);
      length += piece.length;
    }
    socket.write(room.subarray(0, length));
    if (socket.writableLength > 0) this.#room = undefined; // It is the socket's until the client has taken the rest.
    return true;
  }
}
