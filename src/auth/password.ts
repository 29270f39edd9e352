/**
 * Passwords at rest: scrypt hashes as PHC strings, `$scrypt$ln=14,r=8,p=1$salt$hash`.
 * Never compares in a time that depends on the content, and never blocks the event loop: scrypt runs elsewhere (derivation.ts).
 * A malformed hash matches no password; it is not an error, so that one bad row cannot stop a server.
 */
import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { deriveInPool, type Derive } from './derivation.js';
import { preparedToCompare, preparedToStore } from './preparation.js';

interface Cost {
  /** The logarithm of scrypt's N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

interface ParsedHash extends Cost {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Why this, and not argon2id or more: docs/decisions/0009-password-hashes.md. */
const COST: Cost = { ln: 14, r: 8, p: 1 };
/** Beyond these a stored hash is refused: a planted row must not buy gigabytes or minutes of a server. */
const HIGHEST: Cost = { ln: 17, r: 16, p: 4 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const SALT_RANGE_BYTES = [8, 64] as const;
const HASH_RANGE_BYTES = [16, 64] as const;

/** Lower case and digits, without i, l, 1, o and 0. */
const READABLE = 'abcdefghjkmnpqrstuvwxyz23456789';
const GROUPS = 4;
const GROUP_LENGTH = 4;

const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** Verified in place of an unknown account's hash, so that both answers take the same time. No password gives all zeros. */
export const decoyHash = formatPhc(COST, Buffer.alloc(SALT_BYTES), Buffer.alloc(HASH_BYTES));

/** @throws UnfitPassword */
export async function hashPassword(password: string, derive: Derive = deriveInPool): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const prepared = preparedToStore(password);
  return formatPhc(COST, salt, await digest(prepared, { ...COST, salt, hash: Buffer.alloc(HASH_BYTES) }, derive));
}

export async function verifyPassword(password: string, phc: string, derive: Derive = deriveInPool): Promise<boolean> {
  const parsed = parse(phc);
  if (parsed === undefined) return false;
  return timingSafeEqual(await digest(preparedToCompare(password), parsed, derive), parsed.hash);
}

/** Whether a hash would be made otherwise today; after the next login it is. */
export function isOutdated(phc: string): boolean {
  const parsed = parse(phc);
  return parsed === undefined || !(['ln', 'r', 'p'] as const).every((name) => parsed[name] === COST[name]);
}

/** Four groups of four such as `k7mw-hq3p-x9ta-d4re`: 79 bits, easy to read aloud and to type. */
export function generatePassword(): string {
  const group = () => Array.from({ length: GROUP_LENGTH }, () => READABLE[randomInt(READABLE.length)]).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}

function digest(password: string, { ln, r, p, salt, hash }: ParsedHash, derive: Derive): Promise<Uint8Array> {
  const N = 2 ** ln;
  // OpenSSL needs 128·N·r and a little more; Node's own limit of 32 MiB stops at ln=14.
  const maxmem = 128 * r * (N + p + 2) + 2 ** 20;
  return derive({ password, salt, keyBytes: hash.length, by: { name: 'scrypt', N, r, p, maxmem } });
}

function parse(text: string): ParsedHash | undefined {
  const [, ln, r, p, salt = '', hash = ''] = PHC.exec(text) ?? [];
  const parsed = {
    ln: Number(ln),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
  return isAffordable(parsed) && isPlausible(parsed) ? parsed : undefined;
}

function isAffordable(cost: Cost): boolean {
  return (['ln', 'r', 'p'] as const).every((name) => cost[name] >= 1 && cost[name] <= HIGHEST[name]);
}

function isPlausible({ salt, hash }: ParsedHash): boolean {
  const within = ([least, most]: readonly [number, number], length: number) => length >= least && length <= most;
  return within(SALT_RANGE_BYTES, salt.length) && within(HASH_RANGE_BYTES, hash.length);
}

function formatPhc({ ln, r, p }: Cost, salt: Uint8Array, hash: Uint8Array): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

function unpadded(value: Uint8Array): string {
  return Buffer.from(value).toString('base64').replaceAll('=', '');
}
