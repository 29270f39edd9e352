/** Autoreplies as the store changes them. Runs inside a transaction that somebody else begins and commits. */
import type { Autoreply } from '../../autoreplies.js';
import { ANSWERED_FOR_MS, ANSWERED_LIMIT, isAnswered, isInForce } from '../../rules/autoreplies.js';
import type { AccountId } from '../../shapes.js';
import { autoreplyOf, prepareAutoreplyWrites, type AutoreplyWrites } from '../database/autoreplies.js';
import type { Connection } from '../database/driver.js';
import { natural, optional, shaped, text, type Shape } from '../protocol/checks.js';

const AUTOREPLY: Shape<Autoreply> = {
  ...{ subject: text, text, fromMs: optional(natural), untilMs: optional(natural) },
};
/** What may be set. */
export const autoreply = shaped(AUTOREPLY);

/** Of those whose week is over, with each that is answered: more than come. */
const PURGED_AT_ONCE = 100;

export class AutoreplyWriter {
  readonly #writes: AutoreplyWrites;

  constructor(connection: Connection) {
    this.#writes = prepareAutoreplyWrites(connection);
  }

  /** Who was answered is told what is new. */
  set(account: AccountId, given: Autoreply | undefined): void {
    this.#writes.forget.run(account);
    this.#writes.mark.run(given === undefined ? 0 : 1, account);
    if (given === undefined) {
      this.#writes.remove.run(account);
      return;
    }
    const { fromMs = null, untilMs = null } = given;
    this.#writes.put.run(account, given.subject, given.text, fromMs, untilMs);
  }

  claim(account: AccountId, sender: string): number {
    const nowMs = Date.now();
    this.#writes.purge.run(nowMs - ANSWERED_FOR_MS, PURGED_AT_ONCE);
    const row = this.#writes.autoreply.get(account);
    if (row === undefined || !isInForce(autoreplyOf(row), nowMs)) return 0;
    if (isAnswered(this.#writes.answeredAt.get(account, sender), nowMs)) return 0;
    if (this.#writes.countAnswered.get(account, ANSWERED_LIMIT) === ANSWERED_LIMIT) return 0;
    this.#writes.answer.run(account, sender, nowMs);
    return 1;
  }

  /** The account is removed. */
  detach(account: AccountId): void {
    this.#writes.forget.run(account);
    this.#writes.remove.run(account);
  }
}
