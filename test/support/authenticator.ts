/**
 * The real authenticator for sessions without a server around them: it counts no failures and renews nothing, so that
 * each of a thousand replays finds what the first one found.
 */
import { Authenticator, type LoginThrottle } from '../../src/auth/authenticator.js';
import type { LoginFailure } from '../../src/auth/login.js';
import type { MailStore } from '../../src/store/store.js';

const patient: LoginThrottle = {
  admit: () => ({ kind: 'admitted', delayMs: 0 }),
  attempt: () => Promise.resolve({ kind: 'admitted', delayMs: 0 }),
  failed: () => undefined,
  withdrawn: () => undefined,
  succeeded: () => undefined,
};

/** `failures` hears what would be in the log. */
export function authenticatorOf(store: MailStore, failures: LoginFailure[] = [], throttle = patient): Authenticator {
  const observer = {
    failed: (failure: LoginFailure) => void failures.push(failure),
    unbound: () => undefined,
    trouble: (what: string, error: unknown) => {
      throw new Error(what, { cause: error });
    },
  };
  return new Authenticator({ store, throttle, observer, clientOf: (address) => address, renews: false });
}
