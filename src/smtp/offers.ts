/**
 * Which extensions are offered where more decides than the program: what EHLO announces is taken, and nothing else. All of these are
 * promises about what is sent from here, so most need mail that goes out.
 */
import type { SmtpContext } from './context.js';

type Here = Pick<SmtpContext, 'settings' | 'table' | 'peer' | 'device'>;

/**
 * RFC 3461. A report of success has to reach the sender, and no other: who logs in is the sender, and a server in front answers for its
 * own. Any other server may name whom it likes, who would be sent reports that nobody asked for; without the offer the server before
 * tells its sender that the message was passed on (§5.2.2).
 */
export function offersDsn(here: Here): boolean {
  return isForLogins(here) || (sendsOn(here) && isForFronts(here));
}

/** RFC 8689 §2: under TLS alone. */
export function offersRequireTls(here: Here): boolean {
  return sendsOn(here) && here.peer.security !== undefined;
}

/** RFC 4865: for submission. */
export function offersHold(here: Here): boolean {
  return sendsOn(here) && isForLogins(here);
}

function sendsOn({ settings }: Here): boolean {
  return settings.outbound !== 'off';
}

/** Whether those who may send are those who log in. A device need not. */
function isForLogins({ table, device }: Here): boolean {
  return table.has('AUTH') && device === undefined;
}

/** LMTP. */
function isForFronts({ table }: Here): boolean {
  return table.has('LHLO');
}
