/**
 * Which of the rows that a group queues are leased to a sender at once, and what the sender is given of them when the group is durable.
 * Knows what was given and is not settled, so that nobody gets more than it sends. In memory alone: what a connection was given and
 * never heard of is leased to a sender that is gone, or that returns all that it does not know of.
 */
import { NEW_MAIL_LIMIT } from '../../rules/queue.js';
import type { NewMail as Given } from '../protocol/new-mail-frame.js';

export interface Taker {
  readonly sender: string;
  readonly leaseMs: number;
  readonly give: (mail: Given) => void;
}

/** One that takes, and what it has. */
class Taking {
  readonly taker: Taker;
  readonly rows = new Set<number>();

  constructor(taker: Taker) {
    this.taker = taker;
  }
}

interface Queued {
  readonly taking: Taking;
  readonly mail: Given;
}

export class NewMail {
  /** By the connection of each. */
  readonly #takings = new Map<object, Taking>();
  /** By the group that is being written. */
  #queued: Queued[] = [];

  take(connection: object, taker: Taker): void {
    this.#takings.set(connection, new Taking(taker));
  }

  leave(connection: object): void {
    this.#takings.delete(connection);
  }

  /** Who may have so many rows more. */
  takingOf(rows: number): Taking | undefined {
    for (const taking of this.#takings.values()) if (taking.rows.size + rows <= NEW_MAIL_LIMIT) return taking;
    return undefined;
  }

  /** Rows that the group has leased to it. */
  queued(taking: Taking, mail: Given): void {
    for (const id of idsOf(mail)) taking.rows.add(id);
    this.#queued.push({ taking, mail });
  }

  /** Whether the sender has it, or will hear of it. */
  isGiven(id: number): boolean {
    return [...this.#takings.values()].some(({ rows }) => rows.has(id));
  }

  /** Nobody has leased it any more. */
  ended(id: number): void {
    for (const { rows } of this.#takings.values()) rows.delete(id);
  }

  /** After COMMIT. */
  give(): void {
    for (const { taking, mail } of this.#queued.splice(0)) taking.taker.give(mail);
  }

  /** After ROLLBACK. */
  forget(): void {
    for (const { taking, mail } of this.#queued.splice(0)) for (const id of idsOf(mail)) taking.rows.delete(id);
  }
}

export type { Taking };

function idsOf({ messages }: Given): readonly number[] {
  return messages.flatMap(({ recipients }) => recipients.map(({ id }) => id));
}
