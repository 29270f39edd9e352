/**
 * Which extensions are offered where more decides than the program: what EHLO announces is taken, and nothing else. All of these are
 * promises about what is sent from here, so most need mail that goes out.
 */
import type { SmtpContext } from './context.js';

type Here = Pick<SmtpContext, 'settings' | 'table' | 'peer'>;

/**
 * RFC 3461. A report of success has to reach the sender: who logs in is of a local domain, and always can be told; anybody else only
 * where mail goes out.
 */
export function offersDsn(here: Here): boolean {
  return sendsOn(here) || isForLogins(here);
}

/** RFC 8689 §2: under TLS alone. */
export function offersRequireTls(here: Here): boolean {
  return sendsOn(here) && here.peer.security !== undefined;
}

/** RFC 4865 §4: for submission. */
export function offersHold(here: Here): boolean {
  return sendsOn(here) && isForLogins(here);
}

function sendsOn({ settings }: Here): boolean {
  return settings.outbound !== 'off';
}

/** Whether those who may send are those who log in. */
function isForLogins({ table }: Here): boolean {
  return table.has('AUTH');
}
