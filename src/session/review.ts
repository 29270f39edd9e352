/**
 * Whether the login of a session still stands. Asked when the rights that logins rest on may be others, and once more when
 * what the session waits for is over: that may have been a login. One that does not stand ends its session, which stores
 * nothing more.
 */
import type { State } from './command.js';
import type { Conversation } from './conversation.js';
import type { SessionContext } from './protocol.js';
import { whenReady } from '../runtime/when-ready.js';
import type { Grant } from '../store/logins.js';
import type { MaybePromise } from '../store/shapes.js';

/** Whether a login still stands. */
export type Stands = (grant: Grant) => MaybePromise<boolean>;

export class LoginReview<S extends State, C extends SessionContext, Need extends string> {
  readonly #conversation: Conversation<S, C, Need>;
  /** To be asked again. */
  #pending: Stands | undefined;

  constructor(conversation: Conversation<S, C, Need>) {
    this.#conversation = conversation;
  }

  ask(stands: Stands): MaybePromise<void> {
    const { isOver, isWaiting, protocol, state } = this.#conversation;
    if (isOver) return;
    this.#pending = isWaiting ? stands : undefined;
    const grant = protocol.grantOf(state);
    return whenReady(grant === undefined || stands(grant), (still) => this.#judged(still));
  }

  askAgain(): void {
    if (this.#pending !== undefined) void this.ask(this.#pending);
  }

  #judged(stands: boolean): void {
    const conversation = this.#conversation;
    if (stands || conversation.isOver) return;
    conversation.isRevoked = true;
    if (conversation.mode.kind === 'collect') conversation.mode.abandon(); // Read to its true end, and kept nowhere.
    conversation.leaveRevoked();
  }
}
