/**
 * Hashes of the passwords that we made ourselves (password.ts generates them): one HMAC over a salt is enough, because
 * there is nothing to stretch. Whoever stole the hash has 2^79 passwords to try, which no speed makes feasible, while a
 * slow hash would let a client with ten app passwords cost ten times as much as any other.
 * Never for a password that a person chose. A malformed hash matches nothing.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const TEXT = /^\$hmac-sha256\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

export function hashAppPassword(password: string): string {
  const salt = randomBytes(SALT_BYTES);
  return `$hmac-sha256$${unpadded(salt)}$${unpadded(digest(password, salt))}`;
}

export function verifyAppPassword(password: string, text: string): boolean {
  const [, salt = '', hash = ''] = TEXT.exec(text) ?? [];
  const stored = Buffer.from(hash, 'base64');
  return stored.length === HASH_BYTES && timingSafeEqual(digest(password, Buffer.from(salt, 'base64')), stored);
}

function digest(password: string, salt: Buffer): Buffer {
  return createHmac('sha256', salt).update(password).digest();
}

function unpadded(value: Buffer): string {
  return value.toString('base64').replaceAll('=', '');
}
