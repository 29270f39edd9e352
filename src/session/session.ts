/**
 * One client's session, as the network and its worker see it: bytes are pushed in, and it is told when to look at the clock,
 * when to end and when to ask again whether its login stands. What is said in it is the loop's (loop.ts).
 * The same for every protocol; knows not one verb.
 */
import { Buffer } from 'node:buffer';
import type { Channel, Receiver } from './channel.js';
import type { State } from './command.js';
import { Conversation } from './conversation.js';
import { Flow } from './flow.js';
import { recognized } from './other-protocol.js';
import { Loop } from './loop.js';
import type { Observer } from './observer.js';
import type { Protocol, SessionContext } from './protocol.js';
import { LoginReview, type Stands } from './review.js';
import type { MaybePromise } from '../store/shapes.js';
import { Turns, unlimited } from './turns.js';

export class Session<S extends State, C extends SessionContext, Need extends string> implements Receiver {
  readonly #flow: Flow;
  readonly #conversation: Conversation<S, C, Need>;
  readonly #review: LoginReview<S, C, Need>;
  readonly #loop: Loop<S, C, Need>;
  /** Set while the client has not been greeted. */
  #ungreeted: NodeJS.Timeout | undefined;

  /** `turns` are those of all sessions that share an event loop. */
  // eslint-disable-next-line max-params -- what a session is made of; an object of them a session would only be garbage
  constructor(
    protocol: Protocol<S, C, Need>,
    channel: Channel,
    context: C,
    observer: Observer,
    turns = new Turns(unlimited),
  ) {
    this.#flow = new Flow(channel, protocol.limits, turns, {
      turnCame: () => this.#resume(),
      pieceCame: () => this.#pieceCame(),
    });
    this.#conversation = new Conversation(protocol, this.#flow, context, observer);
    this.#review = new LoginReview(this.#conversation);
    this.#loop = new Loop(this.#conversation, () => this.#review.askAgain());
    context.presence?.of(this);
  }

  /** `pauseMs`: how long to listen before the greeting; who speaks first is refused (RFC 5321 §4.3.1). */
  start(pauseMs = 0): void {
    this.#flow.open(this);
    if (pauseMs === 0) return this.#greet();
    this.#ungreeted = setTimeout(() => this.#greet(), pauseMs);
  }

  /** Called now and then: ends the session when it has taken too long over something. */
  tick(nowMs: number, hurried = false): void {
    const { deadlines, phase, isStranger, isOver, protocol } = this.#conversation;
    const overdue = deadlines.overdue(phase, nowMs, hurried && isStranger);
    if (overdue === undefined) return;
    if (isOver || this.#flow.output.busy) this.#flow.channel.destroy();
    else this.#conversation.finish(overdue, protocol.errorReplies[overdue]);
  }

  /** Undefined for one that has proved who it is, or for which something is being done. */
  get standing(): { readonly idleMs: number; readonly ageMs: number; readonly spoke: boolean } | undefined {
    const { protocol, state, deadlines, commands, isOver, isWaiting, isProved } = this.#conversation;
    const isBusy = isWaiting && !protocol.atRest(state);
    if (isOver || isBusy || isProved) return undefined;
    const { idleMs, ageMs } = deadlines;
    return { idleMs, ageMs, spoke: commands > 0 };
  }

  get isLeaving(): boolean {
    const { isOver, inputEnded, isRevoked, isCut, row, waitsFor } = this.#conversation;
    return isOver || inputEnded || isRevoked || isCut || (row?.last === true && waitsFor === 'command');
  }

  get isBehind(): boolean {
    return this.#flow.isBehind;
  }

  /** Another needs its place more. Nothing is broken off that was promised. */
  evict(): void {
    const { waitsFor, protocol } = this.#conversation;
    if (waitsFor === 'handshake') this.#flow.channel.destroy();
    else this.#conversation.breakOff('evicted', protocol.connectionRefusals.full);
  }

  /** Says goodbye as soon as nothing would be broken off: now, or after the transaction that is going on. */
  drain(): void {
    this.#conversation.isDraining = true;
    if (!this.#conversation.isWaiting) this.#loop.proceed();
  }

  /** Ends the session now; a transaction that is going on is given up, but a command or a commit that runs is still answered. */
  cut(): void {
    this.#conversation.isCut = true;
    if (!this.#conversation.isWaiting) this.#conversation.leaveCut();
  }

  /** The rights that logins rest on may be others now: one whose login does not stand ends, and stores nothing more. */
  review(stands: Stands): MaybePromise<void> {
    return this.#review.ask(stands);
  }

  receive(bytes: Uint8Array): void {
    const conversation = this.#conversation;
    if (conversation.isOver) return;
    const nowMs = performance.now();
    conversation.deadlines.heard(nowMs, bytes.length);
    if (this.#ungreeted !== undefined) return this.#refuseEarlyTalker(bytes);
    const { reader, output, turn } = this.#flow;
    reader.push(bytes);
    if (!conversation.isWaiting && !output.busy && turn.begin(nowMs)) {
      this.#loop.proceed();
      turn.end();
    }
    reader.keep();
    this.#pauseWhenFull();
  }

  drained(): void {
    if (this.#conversation.isOver) return;
    const nowMs = performance.now();
    this.#conversation.deadlines.heard(nowMs, 0);
    this.#flow.turn.begin(nowMs);
    this.#conversation.attempt(() => this.#flow.output.drained());
    if (!this.#conversation.isWaiting) this.#loop.proceed();
    this.#flow.turn.end();
  }

  inputEnded(): void {
    this.#conversation.inputEnded = true;
    if (!this.#conversation.isWaiting && !this.#conversation.isOver) this.#loop.proceed();
  }

  closed(error?: Error): void {
    clearTimeout(this.#ungreeted);
    this.#loop.end();
    this.#conversation.closed(error);
  }

  #pauseWhenFull(): void {
    if (!this.#conversation.isOver) this.#flow.pauseWhenFull(this.#conversation.isWaiting);
  }

  /** Its turn has come: with what it was saying, or what it has to read. */
  #resume(): void {
    if (this.#conversation.isOver) return;
    this.#conversation.deadlines.heard(performance.now(), 0);
    this.#conversation.attempt(() => this.#flow.output.pull());
    if (!this.#conversation.isWaiting) this.#loop.proceed();
  }

  /** The disk has given what the client waits for. */
  #pieceCame(): void {
    if (this.#conversation.isOver) return;
    this.#flow.turn.begin(performance.now());
    this.#resume();
    this.#flow.turn.end();
  }

  #greet(): void {
    this.#ungreeted = undefined;
    const conversation = this.#conversation;
    if (conversation.isOver) return;
    conversation.say(conversation.protocol.greeting(conversation.context));
    this.#flow.output.flush();
  }

  #refuseEarlyTalker(bytes: Uint8Array): void {
    const { protocol } = this.#conversation;
    this.#conversation.saw = recognized(Buffer.from(bytes), true, protocol.commands);
    this.#conversation.finish('early-talker', protocol.errorReplies.earlyTalker);
  }
}
