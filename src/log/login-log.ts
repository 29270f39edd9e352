/**
 * One line for each login that failed, for people and for fail2ban (packaging/fail2ban). Its first fields are ours
 * alone, so that nothing a client typed can stand in their place; a name that nobody has is not shown, because it may be
 * a password in the wrong field. Never a password.
 */
import type { LoginObserver } from '../auth/login.js';
import type { Log } from './log.js';

export function loginObserver(log: Log): LoginObserver {
  return {
    failed: ({ protocol, peer, ...failure }) =>
      log.warn({ event: 'login failed', peer: peer.address, protocol, ...failure }, 'login failed'),
    // Not for fail2ban: the password may be right.
    unbound: ({ protocol, peer, ...login }) =>
      log.warn({ event: 'login not bound', peer: peer.address, protocol, ...login }, 'login not bound'),
    trouble: (what, error) => log.error({ err: error }, what),
  };
}
