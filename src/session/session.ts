/**
 * One client's session: reads lines and bodies, dispatches commands, and says what they answer.
 * The same for every protocol; knows not one verb. Everything happens in the turn in which bytes arrive, as far as its share
 * goes (turns.ts), unless a command waits for the store: then the session reads nothing more until it has answered.
 * A bug in a command is reported, answered with the protocol's generic fault, and ends this session only.
 */
import { Buffer } from 'node:buffer';
import { setTimeout as setTimer } from 'node:timers/promises';
import type { Channel, Peer, Receiver } from './channel.js';
import { Collection } from './collection.js';
import { close, stay, type Outcome, type State } from './command.js';
import { Deadlines, type Phase } from './deadlines.js';
import { dispatch, guarded } from './dispatch.js';
import { ErrorBudget, type Overdrawn } from './error-budget.js';
import type { Observer, SessionOutcome } from './observer.js';
import { Output } from './output.js';
import type { Protocol, SessionContext } from './protocol.js';
import { Reader, type Line } from './reader.js';
import type { Reply } from './reply.js';
import type { Grant } from '../store/logins.js';
import type { Soon } from '../store/shapes.js';
import { foreignLine, foreignOctets, recognized } from './foreign.js';
import { MASKED, readRequest, shown } from './request.js';
import { STEPS_PER_LOOK, Turn, Turns, unlimited } from './turns.js';

export class Session<S extends State, C extends SessionContext, Need extends string> implements Receiver {
  readonly #protocol: Protocol<S, C, Need>;
  #channel: Channel;
  #context: C;
  readonly #observer: Observer;
  #reader: Reader;
  #output: Output;
  readonly #deadlines: Deadlines;
  readonly #turn: Turn;
  readonly #budget: ErrorBudget;
  readonly #startedAtMs = performance.now();
  #state: S;
  #collecting: Collection<S> | undefined;
  #asking: Ask<S> | undefined;
  #waiting = false;
  /** It waits because the client is to wait. */
  #slowed = false;
  /** What the last command served. */
  #serves: 'none' | 'mail' | undefined;
  /** It was one that ends the session. */
  #saidLast = false;
  #draining = false;
  /** Ends as soon as no command runs. */
  #isCut = false;
  /** Asked again when what the session waits for is over: it may be a login. */
  #review: Review | undefined;
  /** Its login does not stand any more: it ends with the command or the body that is going on. */
  #revoked = false;
  #over = false;
  #gaveBack = false;
  /** In the handshake of TLS, where nothing can be said. */
  #securing = false;
  #paused = false;
  #inputEnded = false;
  /** Set while the client has not been greeted. */
  #ungreeted: NodeJS.Timeout | undefined;
  /** Set while the client may be waiting for an answer to a line that is none. */
  #bareLf: NodeJS.Timeout | undefined;
  #outcome: SessionOutcome = 'dropped';
  #saw: string | undefined;
  #commands = 0;

  /** `turns` are those of all sessions that share an event loop. */
  constructor(
    protocol: Protocol<S, C, Need>,
    channel: Channel,
    context: C,
    observer: Observer,
    turns = new Turns(unlimited),
  ) {
    this.#protocol = protocol;
    this.#channel = channel;
    this.#context = context;
    this.#observer = observer;
    this.#state = protocol.initial;
    this.#reader = new Reader(protocol.limits.lineLimitBytes);
    this.#turn = new Turn(turns, () => this.#resume());
    this.#output = new Output(channel, this.#turn, () => this.#pieceCame());
    this.#budget = new ErrorBudget(protocol.limits);
    this.#deadlines = new Deadlines(protocol.limits, this.#startedAtMs);
    context.presence?.of(this);
  }

  /** `pauseMs`: how long to listen before the greeting; who speaks first is refused (RFC 5321 §4.3.1). */
  start(pauseMs = 0): void {
    this.#channel.open(this);
    if (pauseMs === 0) return this.#greet();
    this.#ungreeted = setTimeout(() => this.#greet(), pauseMs);
  }

  /** Called now and then: ends the session when it has taken too long over something. */
  tick(nowMs: number, hurried = false): void {
    const overdue = this.#deadlines.overdue(this.#phase, nowMs, hurried && this.#isStranger);
    if (overdue === undefined) return;
    if (this.#over || this.#output.busy) this.#channel.destroy();
    else this.#finish(overdue, this.#protocol.faults[overdue]);
  }

  /** Undefined for one that has logged in, or for which something is being done. */
  get standing(): { readonly idleMs: number; readonly ageMs: number; readonly spoke: boolean } | undefined {
    const isBusy = this.#waiting && !this.#protocol.atRest(this.#state);
    if (this.#over || isBusy || this.#protocol.grantOf(this.#state) !== undefined) return undefined;
    const { idleMs, ageMs } = this.#deadlines;
    return { idleMs, ageMs, spoke: this.#commands > 0 };
  }

  get isLeaving(): boolean {
    const runsLast = this.#saidLast && this.#waiting && !this.#slowed;
    return this.#over || this.#inputEnded || this.#revoked || this.#isCut || runsLast;
  }

  get isBehind(): boolean {
    return this.#turn.isQueued || this.#paused;
  }

  /** Another needs its place more. Nothing is broken off that was promised. */
  evict(): void {
    if (this.#securing) this.#channel.destroy();
    else this.#breakOff('evicted', this.#protocol.turnedAway.full);
  }

  /** Says goodbye as soon as nothing would be broken off: now, or after the transaction that is going on. */
  drain(): void {
    this.#draining = true;
    if (!this.#waiting) this.#proceed();
  }

  /** Ends the session now; a transaction that is going on is given up, but a command or a commit that runs is still answered. */
  cut(): void {
    this.#isCut = true;
    if (!this.#waiting) this.#leaveCut();
  }

  /** The rights that logins rest on may be others now: one whose login does not stand ends, and stores nothing more. */
  review(stands: Review): Soon<void> {
    if (this.#over) return;
    this.#review = this.#waiting ? stands : undefined;
    const grant = this.#protocol.grantOf(this.#state);
    const answer = grant === undefined || stands(grant);
    if (answer instanceof Promise) return answer.then((still) => this.#judged(still));
    this.#judged(answer);
  }

  receive(bytes: Uint8Array): void {
    if (this.#over) return;
    const nowMs = performance.now();
    this.#deadlines.heard(nowMs, bytes.length);
    if (this.#ungreeted !== undefined) return this.#refuseImpatient(bytes);
    this.#reader.push(bytes);
    if (!this.#waiting && !this.#output.busy && this.#turn.begin(nowMs)) this.#proceed();
    this.#reader.keep();
    this.#pauseWhenFull();
  }

  drained(): void {
    if (this.#over) return;
    const nowMs = performance.now();
    this.#deadlines.heard(nowMs, 0);
    this.#turn.begin(nowMs);
    this.#attempt(() => this.#output.drained());
    if (!this.#waiting) this.#proceed();
  }

  /** Its turn has come: with what it was saying, or what it has to read. */
  #resume(): void {
    if (this.#over) return;
    this.#deadlines.heard(performance.now(), 0);
    this.#attempt(() => this.#output.pull());
    if (!this.#waiting) this.#proceed();
  }

  /** The disk has given what the client waits for. */
  #pieceCame(): void {
    if (this.#over) return;
    this.#turn.begin(performance.now());
    this.#resume();
  }

  inputEnded(): void {
    this.#inputEnded = true;
    if (!this.#waiting && !this.#over) this.#proceed();
  }

  closed(error?: Error): void {
    if (!this.#over && error !== undefined)
      this.#outcome = `broken: ${(error as NodeJS.ErrnoException).code ?? error.name}`;
    this.#over = true;
    this.#context.presence?.end();
    clearTimeout(this.#ungreeted);
    clearTimeout(this.#bareLf);
    this.#output.abandon();
    if (!this.#waiting) this.#giveBack(this.#state);
    this.#observer.ended({
      peer: this.#context.peer,
      outcome: this.#outcome,
      ...(this.#saw !== undefined && { saw: this.#saw }),
      commands: this.#commands,
      errors: this.#budget.errors,
      durationMs: Math.round(performance.now() - this.#startedAtMs),
    });
  }

  #greet(): void {
    this.#ungreeted = undefined;
    if (this.#over) return;
    this.#say(this.#protocol.greeting(this.#context));
    this.#output.flush();
  }

  #refuseImpatient(bytes: Uint8Array): void {
    this.#saw = recognized(Buffer.from(bytes), true, this.#protocol.commands);
    this.#finish('impatient', this.#protocol.faults.impatient);
  }

  get #isStranger(): boolean {
    return this.#protocol.atRest(this.#state) && this.#protocol.grantOf(this.#state) === undefined;
  }

  get #phase(): Phase {
    if ((this.#waiting && !this.#slowed) || this.#output.awaits) return 'server';
    if (this.#output.busy || this.#over) return 'output';
    if (this.#collecting !== undefined) return 'data';
    return this.#commands === 0 ? 'greeting' : 'command';
  }

  /** Handles all that waits, as far as it goes without waiting for anybody or for its turn; then writes what there is to say. */
  #proceed(): void {
    if (this.#revoked) this.#leaveRevoked();
    if (this.#isCut) this.#leaveCut();
    this.#attempt(() => {
      while (this.#isFree && this.#step()) this.#stepDone();
      if (this.#draining && this.#isAtRest()) this.#finish('stopping', this.#protocol.faults.stopping);
    });
    this.#output.flush();
    this.#heedBareLf();
    if (this.#inputEnded && this.#isFree) this.#finish('dropped');
    this.#resumeWhenIdle();
  }

  /** A bare LF ends no line (RFC 5321 §2.3.8); but a client that sends nothing behind one waits for an answer. */
  #heedBareLf(): void {
    if (this.#bareLf !== undefined) clearTimeout(this.#bareLf);
    this.#bareLf = undefined;
    if (!this.#stopsAtBareLf) return;
    if (this.#inputEnded) this.#refuseBareLf();
    else this.#bareLf = setTimeout(() => this.#bareLfStays(), this.#protocol.limits.bareLfWaitMs);
  }

  get #stopsAtBareLf(): boolean {
    return this.#isFree && this.#collecting === undefined && this.#reader.endsInBareLf;
  }

  /** What comes now is another line. */
  #bareLfStays(): void {
    if (!this.#stopsAtBareLf) return;
    this.#turn.begin(performance.now());
    this.#attempt(() => this.#refuseBareLf());
    this.#proceed();
  }

  #refuseBareLf(): void {
    const { faults, commands } = this.#protocol;
    const line = this.#reader.drop();
    const start = line.tooLong ? this.#reader.startOfLong : line.bytes;
    const seen = this.#asking ? undefined : recognized(start, this.#commands === 0, commands);
    if (seen !== undefined) return void this.#leaveForeign(seen);
    this.#commands += 1;
    this.#asking = undefined; // A login that was going on ends with it.
    this.#sayCounted(line.tooLong ? faults.lineTooLong : faults.unreadable);
  }

  get #isFree(): boolean {
    return !this.#waiting && !this.#over && !this.#output.busy && !this.#turn.isQueued;
  }

  /** The next one may have to wait. */
  #stepDone(): void {
    if (this.#isFree && this.#reader.waiting > 0) this.#turn.goesOn(this.#collecting && STEPS_PER_LOOK);
  }

  /** False when nothing whole waits. */
  #step(): boolean {
    return this.#collecting === undefined ? this.#nextLine() : this.#nextPieces(this.#collecting);
  }

  #isAtRest(): boolean {
    return (
      this.#isFree &&
      this.#collecting === undefined &&
      this.#asking === undefined &&
      this.#reader.waiting === 0 &&
      this.#protocol.atRest(this.#state)
    );
  }

  /** False when no whole line waits. */
  #nextLine(): boolean {
    const isFirst = this.#commands === 0;
    const seen = this.#asking ? undefined : foreignOctets(this.#reader.start, isFirst, this.#protocol.commands);
    if (seen !== undefined) return this.#leaveForeign(seen);
    const line = this.#reader.line();
    if (line === undefined) return false;
    this.#commands += 1;
    this.#obey(this.#answer(line));
    return true;
  }

  /** What else it sent is read by nobody. */
  #leaveForeign(seen: string): boolean {
    this.#observer.heard?.(`(${seen})`);
    this.#commands += 1;
    this.#saw = seen;
    this.#finish('foreign', this.#protocol.faults.foreign);
    return true;
  }

  #answer(line: Line): Outcome<S> | Promise<Outcome<S>> {
    const { faults } = this.#protocol;
    const asking = this.#asking;
    this.#asking = undefined;
    if (line.tooLong && asking === undefined) return this.#answerLong();
    if (line.tooLong) return { kind: 'stay', reply: faults.lineTooLong };
    if (asking !== undefined) return this.#hearAnswer(asking, line.bytes);
    const request = readRequest(line.bytes);
    if (request === undefined) return { kind: 'stay', reply: faults.unreadable };
    this.#observer.heard?.(shown(this.#protocol, request));
    const row = this.#protocol.commands.get(request.verb);
    this.#serves = row?.serves;
    this.#saidLast = row?.last === true;
    if (row === undefined) this.#saw = foreignLine(request);
    if (this.#saw !== undefined) return { kind: 'close', reply: faults.foreign };
    return dispatch(this.#protocol, request, this.#state, this.#context);
  }

  /** The request of a browser may be that. */
  #answerLong(): Outcome<S> {
    const { faults, commands } = this.#protocol;
    this.#saw = recognized(this.#reader.startOfLong, false, commands);
    return this.#saw === undefined ? stay(faults.lineTooLong) : close(faults.foreign);
  }

  #hearAnswer(question: Ask<S>, bytes: Buffer): Outcome<S> | Promise<Outcome<S>> {
    this.#observer.heard?.(MASKED);
    return guarded(this.#protocol, () => question.answered(bytes.toString('latin1')));
  }

  /** False when the body goes on and nothing more of it waits. */
  #nextPieces(collection: Collection<S>): boolean {
    if (!collection.canProceed(this.#reader)) return false;
    const { ended, written } = collection.take(this.#reader);
    if (ended) {
      this.#collecting = undefined;
      const end = () => guarded(this.#protocol, () => collection.end());
      if (this.#revoked) this.#leaveRevoked();
      else if (written === undefined) this.#obey(end());
      else this.#wait(written.then(() => (this.#revoked ? dropped(collection) : end())));
    } else if (written !== undefined) this.#wait(written.then(() => undefined));
    return true;
  }

  #obey(outcome: Outcome<S> | Promise<Outcome<S>>): void {
    if (outcome instanceof Promise) this.#wait(outcome);
    else this.#carryOut(outcome);
  }

  #wait(outcome: Promise<Outcome<S> | undefined>): void {
    this.#waiting = true;
    outcome.then(
      (settled) => this.#settled(settled),
      (error: unknown) => {
        this.#waiting = false;
        this.#crash(error);
      },
    );
  }

  #settled(outcome: Outcome<S> | undefined): void {
    this.#waiting = false;
    this.#slowed = false;
    if (this.#over) {
      this.#giveBack(stateAfter(outcome) ?? this.#state);
      return;
    }
    this.#turn.begin(performance.now());
    if (outcome !== undefined) this.#attempt(() => this.#carryOut(outcome));
    if (this.#review !== undefined) void this.review(this.#review);
    this.#proceed();
  }

  #carryOut(outcome: Outcome<S>): void {
    if ('state' in outcome && outcome.kind !== 'renew') this.#state = outcome.state;
    switch (outcome.kind) {
      case 'stay':
        return this.#sayCounted(outcome.reply);
      case 'collect':
        return this.#collect(outcome);
      case 'ask':
        this.#asking = outcome;
        return this.#say(outcome.reply);
      case 'secure':
        return this.#secure(outcome.reply);
      case 'renew':
        this.#renew(outcome.peer, outcome.state);
        return this.#say(this.#protocol.greeting(this.#context));
      case 'close':
        return this.#finish(this.#saw === undefined ? 'quit' : 'foreign', outcome.reply);
    }
  }

  #collect(outcome: Extract<Outcome<S>, { kind: 'collect' }>): void {
    if (outcome.reply !== undefined) this.#say(outcome.reply);
    this.#collecting = new Collection(outcome);
    this.#deadlines.bodyBegins(performance.now());
  }

  /** What came in clear behind the command would be read as if it had come under TLS (RFC 3207 §4, RFC 2595 §4): it ends the session. */
  #secure(reply: Reply): void {
    if (this.#reader.waiting > 0) return this.#finish('injected', this.#protocol.faults.injected);
    this.#say(reply);
    this.#output.flush();
    this.#waiting = true;
    this.#securing = true;
    this.#channel.secure().then(
      (channel) => this.#secured(channel),
      (error: unknown) => {
        this.#waiting = false;
        this.closed(error as Error);
      },
    );
  }

  #secured(channel: Channel): void {
    this.#securing = false;
    this.#waiting = false;
    this.#channel = channel;
    this.#reader = new Reader(this.#protocol.limits.lineLimitBytes);
    this.#output = new Output(channel, this.#turn, () => this.#pieceCame());
    const { security } = channel.peer;
    // Who the client is was perhaps said by its front: TLS makes the connection safe, and nobody else of the client.
    const peer = { ...this.#context.peer, ...(security && { security }) };
    this.#renew(peer, this.#protocol.underTls?.(this.#state));
    channel.open(this);
    if (this.#draining || this.#isCut) this.#proceed();
  }

  /** As at the beginning, whatever was said before. */
  #renew(peer: Peer, state = this.#protocol.initial): void {
    this.#abandon(this.#state);
    this.#state = state;
    this.#revoked = false; // A login that was there is forgotten.
    this.#context = { ...this.#context, peer };
  }

  #sayCounted(reply: Reply): void {
    const delayMs = this.#budget.charge(reply.failed, this.#serves, this.#reader.waiting > 0);
    if (delayMs === 0) this.#sayAndCheck(reply);
    else this.#sayLater(delayMs, reply);
  }

  /** The client waits, and nobody else. */
  #sayLater(delayMs: number, reply: Reply): void {
    const late = setTimer(delayMs).then(() => {
      if (!this.#over) this.#sayAndCheck(reply);
      return undefined;
    });
    this.#wait(late);
    this.#slowed = true;
  }

  /** What was too much is still answered, and is the last. */
  #sayAndCheck(reply: Reply): void {
    this.#say(reply);
    const { overdrawn } = this.#budget;
    if (overdrawn !== undefined) this.#finish(overdrawn, this.#protocol.faults[FAREWELLS[overdrawn]]);
  }

  #say(reply: Reply): void {
    this.#observer.said?.(reply);
    this.#output.say(reply);
  }

  #finish(outcome: SessionOutcome, reply?: Reply): void {
    if (this.#over) return;
    this.#outcome = outcome;
    this.#over = true;
    if (reply !== undefined) this.#say(reply);
    this.#output.flush();
    this.#channel.end();
    this.#context.presence?.end();
    if (!this.#waiting && !this.#output.busy) this.#giveBack(this.#state); // Not only when the client has closed too.
  }

  #judged(stands: boolean): void {
    if (stands || this.#over) return;
    this.#revoked = true;
    this.#collecting?.abandon(); // Read to its true end, and kept nowhere.
    this.#leaveRevoked();
  }

  /** What it holds is free at once, whatever the client takes of the farewell. */
  #leaveRevoked(): void {
    if (this.#over || this.#waiting || this.#collecting !== undefined) return;
    this.#breakOff('revoked', this.#protocol.faults.revoked);
    this.#giveBack(this.#state);
  }

  #leaveCut(): void {
    if (!this.#over && !this.#waiting) this.#breakOff('stopping', this.#protocol.faults.stopping);
  }

  /** Ends in the middle of whatever is said: a client must not take the farewell for the rest of a message. */
  #breakOff(outcome: SessionOutcome, farewell: Reply): void {
    const insideReply = this.#output.busy;
    this.#output.abandon();
    this.#finish(outcome, insideReply ? undefined : farewell);
  }

  /** A bug in a command must not take the process down: it is told, and this session ends. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#crash(error);
    }
  }

  /** Once: what is over holds nothing more. */
  #giveBack(state: S): void {
    if (this.#gaveBack) return;
    this.#gaveBack = true;
    this.#abandon(state);
  }

  /** Gives back what an unfinished session holds. */
  #abandon(state: S): void {
    this.#collecting?.abandon();
    this.#collecting = undefined;
    this.#protocol.abandon(state);
    this.#state = this.#protocol.initial;
  }

  #crash(error: unknown): void {
    this.#observer.bug(error);
    if (this.#over) this.#giveBack(this.#state); // The client went away while the command ran: nothing else will.
    this.#breakOff('bug', this.#protocol.faults.internal);
  }

  /** While what came waits: of who has used its share nothing more is wanted, otherwise some. */
  #pauseWhenFull(): void {
    if (this.#paused || this.#over || !(this.#waiting || this.#output.busy || this.#turn.isQueued)) return;
    const most = this.#turn.isGreedy ? 1 : this.#protocol.limits.inputHighWaterBytes;
    if (this.#reader.waiting < most) return;
    this.#paused = true;
    this.#channel.pause();
  }

  #resumeWhenIdle(): void {
    if (!this.#paused || this.#waiting || this.#output.busy || this.#turn.isQueued) return;
    this.#paused = false;
    this.#channel.resume();
  }
}

const FAREWELLS = { errors: 'tooManyErrors', junk: 'tooMuchJunk' } as const satisfies Record<Overdrawn, string>;

/** Whether a login still stands. */
export type Review = (grant: Grant) => Soon<boolean>;

type Ask<S extends State> = Extract<Outcome<S>, { kind: 'ask' }>;

function dropped<S extends State>(collection: Collection<S>): undefined {
  collection.abandon();
}

function stateAfter<S extends State>(outcome: Outcome<S> | undefined): S | undefined {
  return outcome !== undefined && 'state' in outcome ? outcome.state : undefined;
}
