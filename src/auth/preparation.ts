/**
 * SASLprep (RFC 4013) by a kept library: passwords are compared however a keyboard composed them.
 * A new password with what SASLprep prohibits is refused with a sentence. At login nothing is refused here: a password
 * that was set before this rule still opens its account, and every other is simply wrong.
 */
import { saslprep } from './saslprep.js';

/** The message is a clause for people that says what to change; it never holds the password. */
export class UnfitPassword extends Error {}

/** A password that is to be stored. @throws UnfitPassword */
export function preparedToStore(password: string): string {
  const prepared = attempt(() => saslprep(password)) ?? refuse(password);
  if (prepared === '') throw new UnfitPassword('the password is empty, or made of characters that do not count');
  return prepared;
}

/** A password that somebody typed: what RFC 4013 §2.5 calls a query may hold characters that are newer than its table. */
export function preparedToCompare(password: string): string {
  return attempt(() => saslprep(password, { allowUnassigned: true })) ?? password.normalize('NFKC');
}

function refuse(password: string): never {
  if (attempt(() => saslprep(password, { allowUnassigned: true })) !== undefined)
    throw new UnfitPassword('the password holds a character that not every mail program can send, such as an emoji');
  throw new UnfitPassword(
    'the password holds what RFC 4013 prohibits: a control character, or letters of both directions of writing',
  );
}

/** The library says no by throwing; why is ours to say. */
function attempt(prepare: () => string): string | undefined {
  try {
    return prepare();
  } catch {
    return undefined;
  }
}
