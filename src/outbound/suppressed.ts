/** Whom nothing is sent to any more, among what was leased: suppressed since it was queued, or by a client that could not know. */
import type { LeasedRecipient } from '../store/queue.js';
import type { Suppression, Suppressions } from '../store/suppressions.js';
import type { Result } from './outcomes.js';

export interface Parted {
  readonly sent: readonly LeasedRecipient[];
  readonly suppressed: readonly Result[];
}

/** @throws StoreError */
export async function partSuppressed(
  recipients: readonly LeasedRecipient[],
  suppressions: Suppressions,
): Promise<Parted> {
  const found = await Promise.all(recipients.map(async ({ recipient }) => suppressions.findSuppression(recipient)));
  return {
    sent: recipients.filter((_, at) => found[at] === undefined),
    suppressed: recipients.flatMap((recipient, at) => resultOf(recipient, found[at]) ?? []),
  };
}

function resultOf(recipient: LeasedRecipient, suppression: Suppression | undefined): Result | undefined {
  if (suppression === undefined) return undefined;
  const text = `Nothing is sent to this address any more: ${suppression.reason}`;
  return { recipient, kind: 'failed', reply: { enhanced: '5.7.1', text } };
}
