/** Octets that lie elsewhere, seen another way: nothing is copied. */
import { Buffer } from 'node:buffer';

/** The same octets as a Buffer. */
export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
