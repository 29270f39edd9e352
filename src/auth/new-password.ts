/** What may become the password of an account, whoever sets it: a person at the terminal, or at the page. */
import { preparedToStore, UnfitPassword } from './preparation.js';

/** One line of POP3 must carry it, behind PASS; this also ends a mistaken `--password-stdin < mail.db`. */
export const PASSWORD_LIMIT_BYTES = 512;

/**
 * Not an empty one, none that no single line of POP3 could carry, and none that SASLprep prohibits (RFC 4013).
 * @throws UnfitPassword
 */
export function requireFit(password: string): void {
  if (password === '') throw new UnfitPassword('the password is empty');
  // eslint-disable-next-line no-control-regex -- exactly these cannot stand in a POP3 command
  if (/[\x00\r\n]/.test(password)) throw new UnfitPassword('the password must be one line of text');
  if (Buffer.byteLength(password) > PASSWORD_LIMIT_BYTES)
    throw new UnfitPassword(`the password is longer than ${PASSWORD_LIMIT_BYTES} bytes`);
  preparedToStore(password);
}
