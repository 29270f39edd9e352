/**
 * How many recipients in other domains a login may name. RCPT says so first, by what the store knew when the first of them was named;
 * the store itself judges again when it takes the message, since the same account may have other sessions.
 */
import { whenReady } from '../runtime/when-ready.js';
import type { RecipientLimits } from '../store/recipient-limits.js';
import type { MaybePromise } from '../store/shapes.js';
import type { SmtpContext } from './context.js';
import type { SmtpSettings } from './settings.js';
import type { Hello, Transaction } from './state.js';

export function limitsOf({ maxRecipientsPerHour, maxRecipientsPerDay }: SmtpSettings): RecipientLimits {
  return { perHour: maxRecipientsPerHour, perDay: maxRecipientsPerDay };
}

/** How many the transaction may still name: any number without a login, whom no limit is for. @throws StoreError */
export function leftFor(
  { hello: { login }, recipientsLeft: known }: Transaction,
  { store, settings }: Pick<SmtpContext, 'store' | 'settings'>,
): MaybePromise<number> {
  if (login === undefined) return Infinity;
  if (known !== undefined) return known;
  return store.recipientsLeft(login.account, limitsOf(settings));
}

/** Whether so many, of one path, will never pass: then it is refused for good. Nobody without a login has a limit. @throws StoreError */
export function neverPasses(
  recipients: number,
  { hello: { login } }: Transaction,
  { store, settings }: Pick<SmtpContext, 'store' | 'settings'>,
): MaybePromise<boolean> {
  if (login === undefined) return false;
  return whenReady(store.recipientsAtMost(login.account, limitsOf(settings)), (most) => recipients > most);
}

/** Counts a refusal; one line in the log says that a session had such. */
export function noteOverLimit({ login }: Hello, { counters, observer, peer, session }: SmtpContext): void {
  counters.overLimit = (counters.overLimit ?? 0) + 1;
  if (counters.overLimit === 1 && login !== undefined) observer.overLimit({ session, peer, account: login.address });
}
