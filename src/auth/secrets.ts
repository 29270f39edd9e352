/** Everything that is kept of a password, made together: hash and SCRAM keys. The password itself is kept nowhere. */
import type { Logins } from '../store/logins.js';
import type { Secrets } from '../store/shapes.js';
import { hashAppPassword } from './app-password.js';
import { deriveInPool, type Derive } from './derivation.js';
import { hashPassword } from './password.js';
import { makeScramKeys, scramParameters } from './scram-keys.js';

/** Whose password it is. */
export interface PasswordLogin {
  /** As the store's loginAddress gives it. */
  readonly address: string;
  readonly saltSecret: Uint8Array;
}

/** @throws StoreError */
export async function passwordLoginOf(
  store: Pick<Logins, 'loginAddress' | 'saltSecret'>,
  name: string,
): Promise<PasswordLogin> {
  return { address: await store.loginAddress(name), saltSecret: await store.saltSecret() };
}

/** Of a password that a person chose. @throws UnfitPassword */
export async function secretsOf(
  password: string,
  { address, saltSecret }: PasswordLogin,
  derive: Derive = deriveInPool,
): Promise<Secrets> {
  const hash = await hashPassword(password, derive);
  return { hash, scram: await makeScramKeys(password, scramParameters(saltSecret, address), derive) };
}

/** Of a password that generatePassword made. */
export async function appSecretsOf(password: string, { address, saltSecret }: PasswordLogin): Promise<Secrets> {
  return {
    hash: hashAppPassword(password),
    scram: await makeScramKeys(password, scramParameters(saltSecret, address)),
  };
}
