/** Whom nothing is sent to any more, among what was leased: suppressed since it was queued, or by a client that could not know. */
import type { LeasedRecipient, Reply } from '../store/queue.js';
import type { Suppressions } from '../store/suppressions.js';

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
      const text = `Nothing is sent to this address any more: ${suppression.reason}`;
      return [[recipient, { enhanced: '5.7.1', text }]];
    }),
  );
}
