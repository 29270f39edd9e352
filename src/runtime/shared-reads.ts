/**
 * One buffer for what all connections of a process read. Node allocates 64 KiB for each read of an accepted socket and
 * shrinks it to what came: a server that does nothing else took a twelfth more messages without that.
 *
 * `net.Socket` takes such a buffer as its option `onread`, but a server makes its sockets itself, without options. They have
 * the same fields as a socket that was made with one, so those are found on a sample and set. Where they are not found, in
 * another release of Node, nothing is attached and sockets are read as usual: slower, and just as right.
 */
import { Buffer } from 'node:buffer';
import { Socket } from 'node:net';

/** As much as Node asks for in a read of its own. */
const READ_BYTES = 64 * 1024;

/** What `onread` sets, by the names that Node gives the symbols. */
interface Fields {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/** The socket's native half. */
interface Handle {
  useUserBuffer(buffer: Uint8Array): void;
}

type Opened = Record<symbol, unknown> & { readonly _handle?: Partial<Handle> | null };

export class SharedReads {
  readonly #bytes = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #fields = fieldsOfSample();

  /** All that the socket reads goes to `receive`, each piece good until it returns; what waits in it already comes first. */
  begin(socket: Socket, receive: (bytes: Buffer) => void): void {
    if (!this.attach(socket, receive)) socket.on('data', receive);
    else if (socket.readableLength > 0)
      process.nextTick(() => {
        const waiting = socket.read() as Buffer | null;
        if (waiting !== null) receive(waiting);
      });
  }

  /**
   * From now on `receive` gets what the socket reads, as a slice that is good until it returns; no 'data' is emitted.
   * False when this Node does it otherwise: nothing has changed then.
   */
  attach(socket: Socket, receive: (bytes: Buffer) => void): boolean {
    const opened = socket as unknown as Opened;
    const handle = opened._handle;
    if (this.#fields === undefined || typeof handle?.useUserBuffer !== 'function') return false;
    opened[this.#fields.buffer] = this.#bytes;
    opened[this.#fields.callback] = (length: number, bytes: Buffer) => receive(bytes.subarray(0, length));
    handle.useUserBuffer(this.#bytes);
    return true;
  }
}

function fieldsOfSample(): Fields | undefined {
  const sample = new Socket({ onread: { buffer: Buffer.alloc(1), callback: () => true } } as object); // Its type forgets the option.
  const plain = new Set(Object.getOwnPropertySymbols(new Socket()));
  const named = (name: string) =>
    Object.getOwnPropertySymbols(sample).find((symbol) => symbol.description === name && plain.has(symbol));
  const [buffer, callback] = [named('kBuffer'), named('kBufferCb')];
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}
