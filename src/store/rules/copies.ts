/**
 * Which copies of a message are stored, by the quotas of their accounts: judged in the order of the envelope, each with what
 * earlier copies add to the same account (deliveries.ts says the rule). A copy for the queue has no quota.
 */
import type { Envelope } from '../deliveries.js';
import type { StoreErrorKind } from '../errors.js';
import type { AccountId } from '../shapes.js';

/** Why a message is stored for nobody, though each of its recipients is there. */
export type OverLimit = Extract<StoreErrorKind, 'over-quota' | 'over-quota-meanwhile' | 'over-limit' | 'over-rate'>;

/** Positions in an envelope. */
export interface Copies {
  readonly taken: readonly number[];
  readonly refused: readonly number[];
}

/**
 * `octetsOf`: what RETR sends of a copy with these trace headers. `hasRoom`: whether so many octets more are within the account's
 * quota; throws where there is no such account.
 */
export function judgeCopies(
  { recipients, perRecipient }: Envelope,
  octetsOf: (trace: Uint8Array) => number,
  fits: (account: AccountId, octets: number) => boolean,
): Copies | OverLimit {
  const coming = new Map<AccountId, number>();
  const taken: number[] = [];
  const refused: number[] = [];
  let above = false;
  for (const [position, recipient] of recipients.entries()) {
    if (recipient.kind === 'remote') {
      taken.push(position);
      continue;
    }
    const { account, trace } = recipient;
    const before = coming.get(account) ?? 0;
    const octets = before + octetsOf(trace);
    const isWithin = fits(account, octets);
    above ||= !fits(account, before);
    if (isWithin || perRecipient !== true) coming.set(account, octets);
    (isWithin ? taken : refused).push(position);
  }
  if (taken.length === 0) return 'over-quota';
  if (perRecipient === true) return { taken, refused };
  return above ? 'over-quota-meanwhile' : { taken: [...recipients.keys()], refused: [] };
}
