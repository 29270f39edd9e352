/** What administration reads of messages that were removed and are not purged. */
import type { RemovedSummary } from '../../removed-mail.js';
import type { Held } from '../../quotas.js';
import { NOTHING } from '../../rules/quotas.js';
import type { AccountId } from '../../shapes.js';
import type { RemovedMailRow } from '../database/removed-reads.js';
import type { OpenReads } from './open-reads.js';

/** No list is held as a whole. */
const PAGE_LENGTH = 500;

/** Each of its methods throws a StoreError when the database cannot be read. */
export class RemovedReader {
  readonly #open: OpenReads;

  constructor(open: OpenReads) {
    this.#open = open;
  }

  /** Those behind this uid, in order. */
  page(account: AccountId, after: number): readonly RemovedSummary[] {
    return this.#open.removed.page.all(after, account, account, after, PAGE_LENGTH).map(summaryOf);
  }

  /** Removals after this moment, the newest first. */
  removalsSince(account: AccountId, atMs: number): readonly number[] {
    return this.#open.removed.removalsSince.all(account, atMs);
  }

  heldSince(account: AccountId, atMs: number): Held {
    return this.#open.removed.heldSince.get(account, atMs) ?? NOTHING;
  }

  isThere(removal: number): boolean {
    return this.#open.removed.isThere.get(removal) !== undefined;
  }

  /** What was removed up to this moment may be purged; undefined when there is no such account. */
  purgedToMs(account: AccountId): number | undefined {
    return this.#open.removed.purgedTo.get(account);
  }
}

function summaryOf(row: RemovedMailRow): RemovedSummary {
  return {
    number: row.number,
    id: row.uid,
    removedAtMs: row.removed_at,
    client: row.client,
    receivedAtMs: row.received_at,
    octets: row.octets,
    from: row.from_text ?? undefined,
    to: row.to_text ?? undefined,
    subject: row.subject ?? undefined,
  };
}
