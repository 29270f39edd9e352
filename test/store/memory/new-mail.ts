/** Who gets new mail of the store in memory as it is queued, and what of it. */
import { Buffer } from 'node:buffer';
import type { NewMailTaker } from '../../../src/store/queue.js';
import { NEW_MAIL_LIMIT, suppressionKey } from '../../../src/store/rules/queue.js';
import { piecesOf } from './maildrop.js';
import { dueAtMs, messagesOf, type QueueData, type QueueRow } from './queue-data.js';
import type { MemoryStore } from './store.js';

/** Octets that come along. */
const CONTENT_LIMIT_OCTETS = 16 * 1024;

interface Taking {
  readonly taker: NewMailTaker;
  readonly leaseMs: number;
  readonly given: Set<QueueRow>;
}

export class NewMail {
  readonly #takings = new Map<MemoryStore, Taking>();

  take(store: MemoryStore, taker: NewMailTaker, leaseMs: number): void {
    this.#takings.set(store, { taker, leaseMs, given: new Set() });
  }

  leave(store: MemoryStore): void {
    this.#takings.delete(store);
  }

  givenTo(store: MemoryStore): readonly number[] {
    return [...(this.#takings.get(store)?.given ?? [])].map(({ id }) => id);
  }

  /** Rows of one message, which are queued. */
  give(data: QueueData, rows: readonly QueueRow[]): void {
    for (const [store, { taker, leaseMs, given }] of this.#takings) {
      for (const row of given) if (row.lease?.sender !== store.sender || !data.rows.has(row.id)) given.delete(row);
      if (given.size + rows.length > NEW_MAIL_LIMIT) continue;
      const taken: QueueRow[] = [];
      for (const row of rows) {
        if (!isFree(data, row, store.sender ?? '')) continue;
        data.lease([row], store.sender ?? '', Date.now() + leaseMs);
        taken.push(row);
        given.add(row);
      }
      if (taken.length === 0) return;
      const messages = messagesOf(taken, true);
      const [{ message }] = taken as [QueueRow];
      const content = Buffer.concat(piecesOf(message.outgoing.trace, message.body.octets, message.octets));
      const isSmall = content.length <= CONTENT_LIMIT_OCTETS;
      void store.answers(() => taker.leased(isSmall ? messages.map((each) => ({ ...each, content })) : messages));
      return;
    }
  }
}

function isFree(data: QueueData, row: QueueRow, sender: string): boolean {
  const { destination, recipient } = row.recipient;
  const others = [...data.rows.values()].filter(({ id }) => id < row.id);
  return (
    data.readyAtMs(row) <= Date.now() &&
    !data.suppressions.has(suppressionKey(recipient)) &&
    !others.some((other) => other.recipient.destination === destination && dueAtMs(other) <= Date.now()) &&
    data.isForAll(sender)
  );
}
