/** As much of a message's header as a report shows. */
import type { Buffer } from 'node:buffer';

/** Of a header that is longer the lines behind are left out. */
export const HEADER_LIMIT_OCTETS = 64 * 1024;

/** `header` holds no more than the limit, or is longer than what is to be shown of it. */
export function wholeLines(header: Buffer): Buffer {
  if (header.length < HEADER_LIMIT_OCTETS) return header;
  return header.subarray(0, header.lastIndexOf('\n', HEADER_LIMIT_OCTETS - 1) + 1);
}
