/** Autoreplies where they are used: changes go to the store, everything else is read here. */
import type { Answer, Autoreplies, Autoreply } from '../../autoreplies.js';
import { isAnswered, isInForce } from '../../rules/autoreplies.js';
import type { AccountId, Address } from '../../shapes.js';
import { autoreplyOf } from '../database/autoreplies.js';
import type { OpenReads } from './open-reads.js';
import type { StoreClient } from './store-client.js';

export class AutoreplyReader {
  readonly #open: OpenReads;

  constructor(open: OpenReads) {
    this.#open = open;
  }

  /** @throws StoreError */
  autoreply(account: AccountId): Autoreply | undefined {
    const row = this.#open.autoreplies.autoreply.get(account);
    return row && autoreplyOf(row);
  }

  /** @throws StoreError */
  answer(account: AccountId, sender: string): Answer | undefined {
    const { autoreply, answeredAt } = this.#open.autoreplies;
    const nowMs = Date.now();
    const row = autoreply.get(account);
    if (row === undefined || !isInForce(autoreplyOf(row), nowMs)) return undefined;
    if (isAnswered(answeredAt.get(account, sender), nowMs)) return undefined;
    const { address, subject, text } = row;
    return { address, subject, text };
  }
}

export function autorepliesOf(
  client: StoreClient,
  reader: AutoreplyReader,
  accountId: (address: Address) => AccountId,
): Autoreplies {
  return {
    findAutoreply: (address) => reader.autoreply(accountId(address)),
    async setAutoreply(address, autoreply) {
      await client.change('setAutoreply', address, autoreply);
    },
    findAnswer: (account, sender) => reader.answer(account, sender),
    claimAnswer: async (account, sender) => (await client.change('claimAnswer', account, sender)) as number,
  };
}
