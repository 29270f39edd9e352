/** The octets that lines end with, and the one that ends a body on a line of its own (RFC 5321 §2.3.8, §4.5.2). */
import { Buffer } from 'node:buffer';

export const CR = 0x0d;
export const LF = 0x0a;
export const DOT = 0x2e;

export const CRLF = '\r\n';
/** To be sent or stored. In memory of their own: what is sent to a thread takes no pool along. */
export const CRLF_OCTETS: Buffer = Buffer.from(Uint8Array.of(CR, LF).buffer);
