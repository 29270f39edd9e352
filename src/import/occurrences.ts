/**
 * Messages that are the same octet for octet may stand in one mailbox several times, and all of them are meant: each gets a key of its
 * own, and the next import finds the same keys. Takes some fifty octets of memory for each message.
 */
import { createHash } from 'node:crypto';

/** A Map holds no more than 2^24 entries. */
const MAPS = 256;
/** Of a hash, as a number: two messages that share them have keys that depend on which comes first, which does no harm. */
const NUMBER_OCTETS = 6;

export class Occurrences {
  readonly #counts = Array.from({ length: MAPS }, () => new Map<number, number>());

  /** `hash`: of the octets. The key of the first is the hash itself. */
  keyOf(hash: Buffer): Buffer {
    const counts = this.#counts[hash[0] as number] as Map<number, number>;
    const number = hash.readUIntBE(1, NUMBER_OCTETS);
    const before = counts.get(number) ?? 0;
    counts.set(number, before + 1);
    return before === 0 ? hash : createHash('sha256').update(hash).update(String(before)).digest();
  }
}
