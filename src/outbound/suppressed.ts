/** Whom nothing is sent to any more, among what was leased: suppressed since it was queued, or by a client that could not know. */
import type { LeasedMessage, LeasedRecipient, Reply } from '../store/queue.js';
import type { Suppressions } from '../store/suppressions.js';
import type { Result } from './outcomes.js';

/** What those are told. @throws StoreError */
export async function suppressedAmong(
  recipients: readonly LeasedRecipient[],
  suppressions: Suppressions,
): Promise<ReadonlyMap<LeasedRecipient, Reply>> {
  const found = await Promise.all(recipients.map(async ({ recipient }) => suppressions.findSuppression(recipient)));
  return new Map(
    recipients.flatMap((recipient, at) => {
      const suppression = found[at];
      if (suppression === undefined) return [];
      const text = `Nothing is sent to this address any more: ${suppression.reason} (the administrator of this server can lift that)`;
      return [[recipient, { enhanced: '5.7.1', text }]];
    }),
  );
}

/**
 * Who has logged in hears of it. Anybody else wrote to an alias, one of whose members is left out: whose that is, and why, is not their
 * business, and the sender that they named may be a victim.
 */
export function suppressedOutcome({ submitter }: LeasedMessage, reply: Reply): Omit<Result, 'recipient'> {
  return { kind: 'failed', reply, ...(submitter === undefined && { isUntold: true }) };
}
