/**
 * Which hash function a certificate was signed with: what Node does not tell before its version 24. Reads the algorithm's
 * identifier (RFC 5280 §4.1.1.2, RFC 4055 §3.1) of a certificate that the TLS library has taken, and nothing else of it.
 * Undefined where there is none, as with Ed25519, where there are two, or where it is not known here.
 */
import { Buffer } from 'node:buffer';

const NOTHING = Buffer.alloc(0);
const RSASSA_PSS = '1.2.840.113549.1.1.10';
/** Of its parameters: [0] and [1], which are explicit. */
const PSS_HASH = 0xa0;
const PSS_MASK = 0xa1;
/** Where there are none of these (RFC 4055 §3.1). */
const PSS_DEFAULT = 'sha1';
const LONG_LENGTH = 0x80;
const SEVEN_BITS = 0x7f;

/** Of signatures, and of the hash functions that RSASSA-PSS names. */
const HASHES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.4': 'md5',
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.14': 'sha224',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.1': 'sha224',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '2.16.840.1.101.3.4.3.10': 'sha3-256',
  '2.16.840.1.101.3.4.3.11': 'sha3-384',
  '2.16.840.1.101.3.4.3.12': 'sha3-512',
  '2.16.840.1.101.3.4.3.14': 'sha3-256',
  '2.16.840.1.101.3.4.3.15': 'sha3-384',
  '2.16.840.1.101.3.4.3.16': 'sha3-512',
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** Of a certificate in DER; the name as node:crypto has it. */
export function signatureHash(certificate: Uint8Array): string | undefined {
  const der = Buffer.from(certificate);
  const name = oidOf(inside(der, 0, 1, 0));
  return name === RSASSA_PSS ? pssHash(inside(der, 0, 1, 1)) : HASHES[name];
}

/** One hash function is for the message and one for the mask. */
function pssHash(parameters: Buffer): string | undefined {
  const tagged = new Map(elements(parameters).map(({ tag, content }) => [tag, content]));
  const [hash, mask] = [tagged.get(PSS_HASH), tagged.get(PSS_MASK)];
  const ofMessage = hash === undefined ? PSS_DEFAULT : HASHES[oidOf(inside(hash, 0, 0))];
  const ofMask = mask === undefined ? PSS_DEFAULT : HASHES[oidOf(inside(mask, 0, 1, 0))];
  return ofMessage === ofMask ? ofMessage : undefined;
}

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** The content of the element at this place, inside that of the one before; empty where there is none. */
function inside(der: Buffer, ...path: readonly number[]): Buffer {
  return path.reduce((content, place) => elements(content)[place]?.content ?? NOTHING, der);
}

/** What stands one behind the other (X.690 §8.1). What is cut off ends it. */
function elements(der: Buffer): readonly Element[] {
  const found: Element[] = [];
  for (let at = 0; at + 1 < der.length;) {
    const [tag = 0, first = 0] = der.subarray(at, at + 2);
    const lengthBytes = first < LONG_LENGTH ? 0 : first - LONG_LENGTH;
    const from = at + 2 + lengthBytes;
    const length = lengthBytes === 0 ? first : Number(`0x0${der.toString('hex', at + 2, from)}`);
    found.push({ tag, content: der.subarray(from, from + length) });
    at = from + length;
  }
  return found;
}

/** An object identifier in dots (X.690 §8.19); the first number of its octets holds two of them. */
function oidOf(content: Buffer): string {
  const numbers: number[] = [];
  let number = 0;
  for (const octet of content) {
    number = number * LONG_LENGTH + (octet & SEVEN_BITS);
    if (octet >= LONG_LENGTH) continue;
    numbers.push(number);
    number = 0;
  }
  const [both = 0, ...rest] = numbers;
  const first = Math.min(Math.floor(both / 40), 2);
  return [first, both - 40 * first, ...rest].join('.');
}
