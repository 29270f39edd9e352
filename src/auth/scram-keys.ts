/**
 * What SCRAM-SHA-256 needs beside a password's hash (RFC 5802 §3, RFC 7677), as text like RFC 5803's:
 * `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`. The password cannot be read out of it, only guessed.
 * Salts follow from the login's address and a secret of the database, so that an unknown name has one too, always the
 * same, and all keys of an account fit one server-first message. Text that is malformed yields no keys.
 */
import { createHash, createHmac } from 'node:crypto';
import { deriveInPool, type Derive } from './derivation.js';
import { preparedToStore } from './preparation.js';

export interface ScramParameters {
  readonly salt: Buffer;
  readonly iterations: number;
}

export interface KeyPair {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** For the client to compute at each login; Cyrus SASL's refuses more. A stolen database is guessed at this price. */
export const SCRAM_ITERATIONS = 65_536;
const DIGEST = 'sha256';
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NAME = 'SCRAM-SHA-256';
const TEXT = /^SCRAM-SHA-256\$(\d{1,8}):([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]+=*):([A-Za-z0-9+/]+=*)$/;

/** `address` as the store's loginAddress gives it. */
export function scramParameters(saltSecret: Uint8Array, address: string): ScramParameters {
  const salt = createHmac(DIGEST, saltSecret).update(address).digest().subarray(0, SALT_BYTES);
  return { salt, iterations: SCRAM_ITERATIONS };
}

/** @throws UnfitPassword */
export async function makeScramKeys(
  password: string,
  { salt, iterations }: ScramParameters,
  derive: Derive = deriveInPool,
): Promise<string> {
  const by = { name: 'PBKDF2', iterations, digest: DIGEST } as const;
  const salted = await derive({ password: preparedToStore(password), salt, keyBytes: KEY_BYTES, by });
  const storedKey = createHash(DIGEST).update(mac(salted, 'Client Key')).digest();
  return `${NAME}$${iterations}:${base64(salt)}$${base64(storedKey)}:${base64(mac(salted, 'Server Key'))}`;
}

/** Undefined when they were made with another salt or count, and no server-first message of today fits them. */
export function readScramKeys(text: string | undefined, wanted: ScramParameters): KeyPair | undefined {
  const [, iterations, salt = '', stored = '', server = ''] = TEXT.exec(text ?? '') ?? [];
  if (Number(iterations) !== wanted.iterations || !Buffer.from(salt, 'base64').equals(wanted.salt)) return undefined;
  const pair = { storedKey: Buffer.from(stored, 'base64'), serverKey: Buffer.from(server, 'base64') };
  return pair.storedKey.length === KEY_BYTES && pair.serverKey.length === KEY_BYTES ? pair : undefined;
}

function mac(key: Uint8Array, text: string): Buffer {
  return createHmac(DIGEST, key).update(text).digest();
}

function base64(value: Buffer): string {
  return value.toString('base64');
}
