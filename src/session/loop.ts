/**
 * The loop of a session: takes what waits, line by line and body by body, and carries out what each leads to. Everything
 * happens in the turn in which bytes arrive, as far as its share goes (turns.ts), unless a command waits for the store: then
 * nothing more is read until it has answered.
 */
import { setTimeout as setTimer } from 'node:timers/promises';
import { BareNewlineWait } from './bare-newline.js';
import { BodyTransfer } from './body-transfer.js';
import { stateAfter, type Outcome, type State } from './command.js';
import { COMMANDS, type Conversation, type WaitsFor } from './conversation.js';
import { guarded } from './dispatch.js';
import type { Overdrawn } from './error-budget.js';
import { Interpreter } from './interpreter.js';
import type { SessionContext } from './protocol.js';
import type { Reply } from './reply.js';
import { upgradeToTls } from './tls-upgrade.js';
import { STEPS_PER_LOOK } from './turns.js';

const FAREWELLS = { errors: 'tooManyErrors', junk: 'tooMuchJunk' } as const satisfies Record<Overdrawn, string>;

export class Loop<S extends State, C extends SessionContext, Need extends string> {
  readonly #conversation: Conversation<S, C, Need>;
  readonly #interpreter: Interpreter<S, C, Need>;
  readonly #bareNewline: BareNewlineWait<S, C, Need>;
  /** What is to be done when something that was waited for is over, before the loop goes on. */
  readonly #waited: () => void;

  constructor(conversation: Conversation<S, C, Need>, waited: () => void) {
    this.#conversation = conversation;
    this.#waited = waited;
    this.#interpreter = new Interpreter(conversation);
    this.#bareNewline = new BareNewlineWait(conversation, {
      refuse: () => this.#carryOut(this.#interpreter.refuseBareNewline()),
      proceed: () => this.proceed(),
    });
  }

  /** Handles all that waits, as far as it goes without waiting for anybody or for its turn; then writes what there is to say. */
  proceed(): void {
    const conversation = this.#conversation;
    if (conversation.isRevoked) conversation.leaveRevoked();
    if (conversation.isCut) conversation.leaveCut();
    conversation.attempt(() => this.#takeWhatWaits());
    conversation.flow.output.flush();
    this.#bareNewline.heed();
    if (conversation.inputEnded && conversation.isFree) conversation.finish('dropped');
    conversation.flow.resumeWhenIdle(conversation.isWaiting);
  }

  /** The session has ended. */
  end(): void {
    this.#bareNewline.end();
  }

  #takeWhatWaits(): void {
    const conversation = this.#conversation;
    while (conversation.isFree && this.#step()) this.#stepDone();
    if (conversation.isDraining && conversation.isAtRest)
      conversation.finish('stopping', conversation.protocol.errorReplies.stopping);
  }

  /** The next one may have to wait. */
  #stepDone(): void {
    const { flow, isFree, mode } = this.#conversation;
    if (isFree && flow.reader.waiting > 0) flow.turn.goesOn(mode.kind === 'collect' ? STEPS_PER_LOOK : 1);
  }

  /** False when nothing whole waits. */
  #step(): boolean {
    const { mode } = this.#conversation;
    if (mode.kind === 'collect') return this.#takePieces(mode);
    const outcome = this.#interpreter.next();
    if (outcome !== undefined) this.#apply(outcome);
    return outcome !== undefined;
  }

  /** False when the body goes on and nothing more of it waits. */
  #takePieces(transfer: BodyTransfer<S>): boolean {
    const conversation = this.#conversation;
    if (!transfer.canProceed(conversation.flow.reader)) return false;
    const { ended, drained } = transfer.take(conversation.flow.reader, conversation.flow.turn.isCrowded);
    if (ended) this.#endBody(transfer, drained);
    else if (drained !== undefined) this.#wait(drained.then(() => undefined));
    return true;
  }

  #endBody(transfer: BodyTransfer<S>, drained: Promise<void> | undefined): void {
    const conversation = this.#conversation;
    conversation.mode = COMMANDS;
    const end = () => guarded(conversation.protocol, () => transfer.end(() => conversation.flow.lookAhead()));
    if (conversation.isRevoked) conversation.leaveRevoked();
    else if (drained === undefined) this.#apply(end());
    else this.#wait(drained.then(() => (conversation.isRevoked ? dropped(transfer) : end())));
  }

  #apply(outcome: Outcome<S> | Promise<Outcome<S>>): void {
    if (outcome instanceof Promise) this.#wait(outcome);
    else this.#carryOut(outcome);
  }

  #wait(outcome: Promise<Outcome<S> | undefined>, waitsFor: WaitsFor = 'command'): void {
    this.#conversation.waitsFor = waitsFor;
    outcome.then(
      (settled) => this.#settled(settled),
      (error: unknown) => {
        this.#conversation.waitsFor = 'nothing';
        this.#conversation.crash(error);
      },
    );
  }

  #settled(outcome: Outcome<S> | undefined): void {
    const conversation = this.#conversation;
    conversation.waitsFor = 'nothing';
    if (conversation.isOver) return conversation.giveBack(stateAfter(outcome) ?? conversation.state);
    conversation.flow.turn.begin(performance.now());
    if (outcome !== undefined) conversation.attempt(() => this.#carryOut(outcome));
    this.#waited();
    this.proceed();
    conversation.flow.turn.end();
  }

  #carryOut(outcome: Outcome<S>): void {
    const conversation = this.#conversation;
    if ('state' in outcome && outcome.kind !== 'renew') conversation.state = outcome.state;
    switch (outcome.kind) {
      case 'stay':
        return this.#sayCounted(outcome.reply);
      case 'collect':
        return this.#collect(outcome);
      case 'ask':
        conversation.mode = outcome;
        return conversation.say(outcome.reply);
      case 'secure':
        return upgradeToTls(conversation, outcome.reply, () => this.#begunUnderTls());
      case 'renew':
        conversation.renew(outcome.peer, outcome.state);
        return conversation.say(conversation.protocol.greeting(conversation.context));
      case 'close':
        return conversation.finish(conversation.saw === undefined ? 'quit' : 'other-protocol', outcome.reply);
    }
  }

  #collect(outcome: Extract<Outcome<S>, { kind: 'collect' }>): void {
    const conversation = this.#conversation;
    if (outcome.reply !== undefined) conversation.say(outcome.reply);
    conversation.mode = new BodyTransfer(outcome);
    conversation.deadlines.bodyBegins(performance.now());
  }

  #begunUnderTls(): void {
    if (this.#conversation.isDraining || this.#conversation.isCut) this.proceed();
  }

  #sayCounted(reply: Reply): void {
    const { budget, row, flow } = this.#conversation;
    const delayMs = budget.charge(reply.failed, row?.serves, flow.reader.waiting > 0);
    if (delayMs === 0) this.#sayAndCheck(reply);
    else this.#sayLater(delayMs, reply);
  }

  /** The client waits, and nobody else. */
  #sayLater(delayMs: number, reply: Reply): void {
    const late = setTimer(delayMs).then(() => {
      if (!this.#conversation.isOver) this.#sayAndCheck(reply);
      return undefined;
    });
    this.#wait(late, 'delay');
  }

  /** What was too much is still answered, and is the last. */
  #sayAndCheck(reply: Reply): void {
    const conversation = this.#conversation;
    conversation.say(reply);
    const { overdrawn } = conversation.budget;
    if (overdrawn !== undefined)
      conversation.finish(overdrawn, conversation.protocol.errorReplies[FAREWELLS[overdrawn]]);
  }
}

function dropped<S extends State>(transfer: BodyTransfer<S>): undefined {
  transfer.abandon();
}
