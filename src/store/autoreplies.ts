/** What accounts answer by themselves (RFC 3834), and whom they have answered of late. */
import type { AccountId, Address, MaybePromise } from './shapes.js';

export interface Autoreply {
  readonly subject: string;
  /** Lines end with CRLF. */
  readonly text: string;
  /** At once, where there is none. */
  readonly fromMs?: number | undefined;
  /** Until it is ended, where there is none. */
  readonly untilMs?: number | undefined;
}

/** What is answered now, and who answers. */
export interface Answer extends Pick<Autoreply, 'subject' | 'text'> {
  /** The account's own, as the store holds it. */
  readonly address: string;
}

export interface Autoreplies {
  /** Whatever time it is for. Rejects with 'missing' when there is no such account. */
  findAutoreply(address: Address): MaybePromise<Autoreply | undefined>;
  /** Undefined ends it. Nobody has been answered from then on. Rejects with 'missing' when there is no such account. */
  setAutoreply(address: Address, autoreply: Autoreply | undefined): Promise<void>;
  /** What the account has to say to this sender now; undefined where it has nothing to say, or has said it within a week. */
  findAnswer(account: AccountId, sender: string): MaybePromise<Answer | undefined>;
  /**
   * The sender is answered from now on, for a week: 1 for the one who may do it, 0 where somebody has been before, the autoreply is
   * over, or ANSWERED_LIMIT were answered of late. Durable when it resolves: whatever becomes of the answer, there is no second.
   */
  claimAnswer(account: AccountId, sender: string): Promise<number>;
}
