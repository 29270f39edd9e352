/** Streams for property tests: bytes that are mostly the ones that matter, and the same bytes cut anywhere. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';

/** CR, LF and dots as often as everything else together. */
const octet = fc.oneof(
  fc.constantFrom(13, 10, 46),
  fc.constantFrom(13, 10, 46, 0, 32, 97, 255),
  fc.integer({ min: 0, max: 255 }),
);

export const octets: fc.Arbitrary<Buffer> = fc.array(octet, { maxLength: 60 }).map((bytes) => Buffer.from(bytes));

const line = fc
  .array(fc.constantFrom('.', '..', 'a', '', '\0', 'é', 'x'.repeat(40)), { maxLength: 4 })
  .map((parts) => `${parts.join('')}\r\n`);

/** Lines that all end with CRLF, many of them beginning with dots. */
export const lines: fc.Arbitrary<Buffer> = fc
  .array(line, { maxLength: 8 })
  .map((several) => Buffer.from(several.join('')));

/** Where to cut: the pieces of a stream in order, none of them shared. */
export const cuts: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(80), { maxLength: 8 });

export function cut(bytes: Uint8Array, at: readonly number[]): readonly Buffer[] {
  const edges = [...new Set([0, ...at.filter((edge) => edge < bytes.length), bytes.length])].sort((a, b) => a - b);
  return edges.slice(1).map((to, index) => Buffer.from(bytes.subarray(edges[index], to)));
}
