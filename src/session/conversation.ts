/**
 * What a session and its client have come to: the protocol's state, what is read next, what is waited for, and how it ends.
 * Whatever ends it, the state is given back once, as soon as no command works with it any more.
 * A bug in a command is reported, answered with the protocol's generic fault, and ends this session only.
 */
import type { Peer } from './channel.js';
import type { BodyTransfer } from './body-transfer.js';
import type { Outcome, Row, State } from './command.js';
import { Deadlines, type Phase } from './deadlines.js';
import { ErrorBudget } from './error-budget.js';
import type { Flow } from './flow.js';
import type { Observer, SessionOutcome } from './observer.js';
import type { Protocol, SessionContext } from './protocol.js';
import type { Reply } from './reply.js';

/** What is read next: command lines, the answer to a question, or a body. */
export type Mode<S extends State> = typeof COMMANDS | Ask<S> | BodyTransfer<S>;

export type Ask<S extends State> = Extract<Outcome<S>, { kind: 'ask' }>;

export const COMMANDS = { kind: 'commands' } as const;

/** What the session waits for, and answers nothing before: `delay` is one that its client is to wait. */
export type WaitsFor = 'nothing' | 'command' | 'delay' | 'handshake';

export class Conversation<S extends State, C extends SessionContext, Need extends string> {
  readonly protocol: Protocol<S, C, Need>;
  readonly flow: Flow;
  readonly observer: Observer;
  readonly budget: ErrorBudget;
  readonly deadlines: Deadlines;
  readonly #startedAtMs = performance.now();
  context: C;
  state: S;
  mode: Mode<S> = COMMANDS;
  waitsFor: WaitsFor = 'nothing';
  /** Of the last command that is one. */
  row: Row<S, C, Need> | undefined;
  commands = 0;
  /** What was seen of another protocol. */
  saw: string | undefined;
  /** Ends as soon as it is at rest. */
  isDraining = false;
  /** Ends as soon as no command runs. */
  isCut = false;
  /** Its login does not stand any more: it ends with the command or the body that is going on. */
  isRevoked = false;
  inputEnded = false;
  #isOver = false;
  #gaveBack = false;
  #outcome: SessionOutcome = 'dropped';

  constructor(protocol: Protocol<S, C, Need>, flow: Flow, context: C, observer: Observer) {
    this.protocol = protocol;
    this.flow = flow;
    this.context = context;
    this.observer = observer;
    this.state = protocol.initial;
    this.budget = new ErrorBudget(protocol.limits);
    this.deadlines = new Deadlines(protocol.limits, this.#startedAtMs);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isWaiting(): boolean {
    return this.waitsFor !== 'nothing';
  }

  get isFree(): boolean {
    return this.waitsFor === 'nothing' && !this.#isOver && !this.flow.isHeld;
  }

  /** Nothing would be broken off now. */
  get isAtRest(): boolean {
    const isIdle = this.isFree && this.mode.kind === 'commands' && this.flow.reader.waiting === 0;
    return isIdle && this.protocol.atRest(this.state);
  }

  get isStranger(): boolean {
    return this.protocol.atRest(this.state) && !this.isProved;
  }

  get isProved(): boolean {
    const { protocol, state } = this;
    return protocol.isProved?.(state) ?? protocol.grantOf(state) !== undefined;
  }

  get phase(): Phase {
    if (this.waitsFor === 'command' || this.waitsFor === 'handshake' || this.flow.output.awaits) return 'server';
    if (this.flow.output.busy || this.#isOver) return 'output';
    if (this.mode.kind === 'collect') return 'data';
    return this.commands === 0 ? 'greeting' : 'command';
  }

  say(reply: Reply): void {
    this.observer.said?.(reply);
    this.flow.output.say(reply);
  }

  /** As at the beginning, whatever was said before. */
  renew(peer: Peer, state: S | undefined): void {
    this.#abandon(this.state);
    this.state = state ?? this.protocol.initial;
    this.isRevoked = false; // A login that was there is forgotten.
    this.context = { ...this.context, peer };
  }

  finish(outcome: SessionOutcome, reply?: Reply): void {
    if (this.#isOver) return;
    this.#outcome = outcome;
    this.#isOver = true;
    if (reply !== undefined) this.say(reply);
    this.flow.output.flush();
    this.flow.channel.end();
    this.context.presence?.end();
    if (!this.isWaiting && !this.flow.output.busy) this.giveBack(this.state); // Not only when the client has closed too.
  }

  /** Ends in the middle of whatever is said: a client must not take the farewell for the rest of a message. */
  breakOff(outcome: SessionOutcome, farewell: Reply): void {
    const insideReply = this.flow.output.busy;
    this.flow.output.abandon();
    this.finish(outcome, insideReply ? undefined : farewell);
  }

  /** What it holds is free at once, whatever the client takes of the farewell. */
  leaveRevoked(): void {
    if (this.#isOver || this.isWaiting || this.mode.kind === 'collect') return;
    this.breakOff('revoked', this.protocol.errorReplies.revoked);
    this.giveBack(this.state);
  }

  leaveCut(): void {
    if (!this.#isOver && !this.isWaiting) this.breakOff('stopping', this.protocol.errorReplies.stopping);
  }

  closed(error?: Error): void {
    if (!this.#isOver && error !== undefined)
      this.#outcome = `broken: ${(error as NodeJS.ErrnoException).code ?? error.name}`;
    this.#isOver = true;
    this.context.presence?.end();
    this.flow.output.abandon();
    if (!this.isWaiting) this.giveBack(this.state);
    this.observer.ended({
      peer: this.context.peer,
      outcome: this.#outcome,
      commands: this.commands,
      errors: this.budget.errors,
      durationMs: Math.round(performance.now() - this.#startedAtMs),
      ...(this.saw !== undefined && { saw: this.saw }),
    });
  }

  /** A bug in a command must not take the process down: it is told, and this session ends. */
  attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.crash(error);
    }
  }

  crash(error: unknown): void {
    this.observer.bug(error);
    if (this.#isOver) this.giveBack(this.state); // The client went away while the command ran: nothing else will.
    this.breakOff('bug', this.protocol.errorReplies.internal);
  }

  /** Once: what is over holds nothing more. */
  giveBack(state: S): void {
    if (this.#gaveBack) return;
    this.#gaveBack = true;
    this.#abandon(state);
  }

  /** Gives back what an unfinished session holds. */
  #abandon(state: S): void {
    if (this.mode.kind === 'collect') this.mode.abandon();
    this.mode = COMMANDS;
    this.protocol.abandon(state);
    this.state = this.protocol.initial;
  }
}
