/**
 * A bare LF ends no line (RFC 5321 §2.3.8), and neither do LF CR and the CR NUL of telnet; but a client that sends nothing behind
 * one waits for an answer, and gets a refusal after a moment. What comes sooner is the rest of the same line; what comes later is another.
 */
import type { State } from './command.js';
import type { Conversation } from './conversation.js';
import type { SessionContext } from './protocol.js';

/** What is done about one behind which nothing came. */
export interface BareNewlineAnswers {
  refuse(): void;
  proceed(): void;
}

export class BareNewlineWait<S extends State, C extends SessionContext, Need extends string> {
  readonly #conversation: Conversation<S, C, Need>;
  readonly #answers: BareNewlineAnswers;
  #timer: NodeJS.Timeout | undefined;

  constructor(conversation: Conversation<S, C, Need>, answers: BareNewlineAnswers) {
    this.#conversation = conversation;
    this.#answers = answers;
  }

  /** All that could be handled has been. */
  heed(): void {
    if (this.#timer !== undefined) this.end();
    if (!this.#isAtOne) return;
    if (this.#conversation.inputEnded) this.#answers.refuse();
    else this.#timer = setTimeout(() => this.#stays(), this.#conversation.protocol.limits.bareNewlineWaitMs);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #isAtOne(): boolean {
    const { isFree, mode, flow } = this.#conversation;
    return isFree && mode.kind !== 'collect' && flow.reader.endsInBareNewline;
  }

  #stays(): void {
    if (!this.#isAtOne) return;
    this.#conversation.flow.turn.begin(performance.now());
    this.#conversation.attempt(() => this.#answers.refuse());
    this.#answers.proceed();
  }
}
