/** A maildrop's messages as administration looks at them: without the lock, a page at a time, or one by its number. */
import { whenReady } from '../../../runtime/when-ready.js';
import type { MailSummary } from '../../mailboxes.js';
import type { MessageInfo } from '../../maildrops.js';
import type { AccountId, Address, MaybePromise } from '../../shapes.js';
import { MessageList, type MessageListOptions } from './message-list.js';
import type { MailRow } from '../database/reads.js';

export class MailSummaries {
  readonly #options: MessageListOptions;

  constructor(options: MessageListOptions) {
    this.#options = options;
  }

  /** Up to a page of those behind `after`. @throws StoreError 'missing' */
  page(address: Address, after: Pick<MailSummary, 'id' | 'number'> = { id: 0, number: 0 }): readonly MailSummary[] {
    const { account, list } = this.#open(address);
    return this.#summaries(account, list.behind(after.id), after.number + 1);
  }

  /** @throws StoreError 'missing' */
  find(address: Address, number: number): MaybePromise<MailSummary | undefined> {
    const { account, list } = this.#open(address);
    const summary = (found: MessageInfo | undefined) =>
      found === undefined ? undefined : this.#summaries(account, [found], number)[0];
    return whenReady(list.find(number), summary);
  }

  #open(address: Address): { readonly account: AccountId; readonly list: MessageList } {
    const { reader } = this.#options;
    const account = reader.directory.accountId(address);
    return { account, list: new MessageList({ account }, reader.maildrop(account), this.#options) };
  }

  #summaries(account: AccountId, infos: readonly MessageInfo[], firstNumber: number): readonly MailSummary[] {
    const rows = this.#options.reader.directory.mail(
      account,
      infos.map(({ id }) => id),
    );
    return rows.map((row, at) => summaryOf(row, firstNumber + at));
  }
}

export function summaryOf(row: MailRow, number: number): MailSummary {
  return {
    id: row.uid,
    number,
    uidl: row.uidl,
    octets: row.octets,
    receivedAtMs: row.received_at,
    reversePath: row.reverse_path,
    from: row.from_text ?? undefined,
    to: row.to_text ?? undefined,
    subject: row.subject ?? undefined,
  };
}
