/**
 * Whether a client begins with TLS on a port where it may: who wants TLS speaks first, and who does not waits for the greeting. The
 * octet that is looked at stays to be read.
 */
import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';

/** Of a record that holds a handshake (RFC 8446 §5.1); no command begins with it. */
const HANDSHAKE = 0x16;

/** Waits so long for the first octet. Afterwards nobody listens to the socket. */
export function beginsWithTls(socket: Socket, waitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (isTls: boolean): void => {
      clearTimeout(timer);
      socket.off('readable', look).off('end', none).off('close', none);
      resolve(isTls);
    };
    const none = (): void => finish(false);
    const look = (): void => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      socket.unshift(bytes);
      finish(bytes[0] === HANDSHAKE);
    };
    const timer = setTimeout(none, waitMs);
    socket.on('readable', look).on('end', none).on('close', none);
  });
}
