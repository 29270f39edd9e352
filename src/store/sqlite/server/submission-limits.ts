/**
 * What each account has sent to other domains, and whether it may send more: judged and counted in the transaction that queues it, so
 * that however many sessions and processes one has, they share what it may. Runs inside a transaction that somebody else commits.
 */
import type { OwnLimits } from '../../recipient-limits.js';
import { countsAtMs, recipientsLeft } from '../../rules/recipient-limits.js';
import type { AccountId } from '../../shapes.js';
import type { Connection } from '../database/database.js';
import { RecipientCounts } from '../database/recipient-counts.js';
import type { MessageMetadata } from '../protocol/message-frame.js';

type Submission = Pick<MessageMetadata, 'envelope'>;

export class SubmissionLimits {
  readonly #counts: RecipientCounts;

  constructor(connection: Connection) {
    this.#counts = new RecipientCounts(connection);
  }

  /** Whether a message would go to more than its submitter may send to. */
  isOver({ envelope }: Submission): boolean {
    const { outgoing } = envelope;
    if (outgoing?.submitter === undefined) return false;
    const { submitter, limits = {} } = outgoing;
    const atMs = countsAtMs(outgoing, Date.now());
    return recipientsLeft(this.#counts.of(submitter, atMs), limits) < remoteCount(envelope);
  }

  count({ envelope }: Submission): void {
    const { outgoing } = envelope;
    if (outgoing?.submitter === undefined) return;
    const nowMs = Date.now();
    this.#counts.add(outgoing.submitter, remoteCount(envelope), nowMs, countsAtMs(outgoing, nowMs));
  }

  set(account: AccountId, limits: Partial<OwnLimits>): void {
    this.#counts.setLimits(account, limits);
  }
}

function remoteCount({ recipients }: Submission['envelope']): number {
  return recipients.filter(({ kind }) => kind === 'remote').length;
}
