/**
 * How the sessions of a worker share its event loop. When bytes arrive a session works at once, but no longer than its share,
 * and all of them together no longer than a turn of the loop may take. What is left waits in a queue that is served after each
 * look at the network, for one turn at most. So nobody waits long, however much the others ask for.
 *
 * Those in the queue who had nothing yet go first, as in RFC 8290 §4.2: a single command waits behind no flood. Those who were
 * stopped in the middle go last, and come round in order, with shares that are the smaller the more of them there are. What counts
 * is the session's own work, from its beginning to its end, and nothing that comes behind it. A step cannot be divided: who goes
 * beyond its share by one goes behind who had nothing, until that is made up for by the time that goes by, of which the part of
 * each is the smaller the more of them wait; but before who was stopped, since it had nothing more to do, and so asks for little.
 */

/** All sessions together, between two looks at the network. The step that goes beyond it is finished. */
const TURN_MS = 2;
/** One session in a turn. When nobody else waits it gets the next share at once. */
const SHARE_MS = 1;
/** Everybody in the queue is served once in about so long. */
const ROUND_MS = 20;
/** Of what was used, no more than so many shares count: who did a lot is forgiven soon. */
const SHARES_COUNTED = 10;
/** Looking at the clock costs as much as a tenth of the smallest command. */
export const STEPS_PER_LOOK = 4;

export interface TurnLimits {
  readonly turnMs: number;
  readonly shareMs: number;
}

/** How long the thread has waited for a processor since it began, in milliseconds. */
export type RunDelayMs = () => number;

/** Who goes first, when all wait: who has something left of its share, who has not, and who was stopped in the middle. */
const CLAIMS = ['fresh', 'indebted', 'greedy'] as const;
export type Claim = (typeof CLAIMS)[number];

/** For who has the event loop to itself. */
export const unlimited: TurnLimits = { turnMs: Infinity, shareMs: Infinity };

export class Turns {
  readonly #turnMs: number;
  readonly #shareMs: number;
  readonly #runDelayMs: RunDelayMs;
  readonly #mostForgiven: number;
  /** Of what a session used, so much counts. */
  readonly mostMs: number;
  readonly #queues: Readonly<Record<Claim, Queue>> = { fresh: new Queue(), indebted: new Queue(), greedy: new Queue() };
  #waiting = 0;
  #startedMs = -Infinity;
  /** The event loop went on since the turn was started: who comes may start the next. */
  #passed = true;
  #scheduled = false;
  /** As it was when it was looked at last. */
  #seenDelayMs = 0;

  constructor(
    { turnMs, shareMs }: TurnLimits = { turnMs: TURN_MS, shareMs: SHARE_MS },
    runDelayMs: RunDelayMs = () => 0,
  ) {
    this.#runDelayMs = runDelayMs;
    this.#turnMs = turnMs;
    this.#shareMs = shareMs;
    this.#mostForgiven = shareMs === Infinity ? 1 : shareMs / turnMs;
    this.mostMs = SHARES_COUNTED * shareMs;
  }

  /** Whether a session may work now; otherwise it is in the queue. */
  admit(turn: Turn, nowMs: number): boolean {
    if (this.#passed && nowMs - this.#startedMs >= this.#turnMs) this.#start(nowMs);
    const leftMs = this.#shareMs - turn.usedMs(nowMs);
    if (leftMs > 0 && nowMs - this.#startedMs < this.#turnMs) {
      turn.grant(nowMs, leftMs);
      return true;
    }
    this.enqueue(turn, leftMs > 0 ? 'fresh' : 'indebted');
    return false;
  }

  enqueue(turn: Turn, claim: Claim): void {
    turn.isSpent = claim !== 'fresh';
    this.#queues[claim].add(turn);
    this.#waiting += 1;
    this.#schedule();
  }

  #start(nowMs: number): void {
    this.#startedMs = nowMs;
    this.#passed = false;
    this.#schedule();
  }

  /** So many wait that there is less than a share for each in a round: long steps would make it longer. */
  get isCrowded(): boolean {
    return this.#waiting * this.#shareMs > ROUND_MS;
  }

  /** So much of the time that goes by is taken off what a session used: a share in each turn, or what is left for each of many. */
  get forgiven(): number {
    return Math.min(this.#mostForgiven, 1 / (1 + this.#waiting));
  }

  /**
   * What a session did in so much time. Whoever wakes another process by what it writes is often made to wait for the processor right
   * there: to look that up costs more than most turns take, so it is done for those that took more than a share.
   */
  worked(ms: number): number {
    if (ms <= this.#shareMs) return ms;
    const delayMs = this.#runDelayMs();
    const workedMs = Math.max(0, ms - (delayMs - this.#seenDelayMs));
    this.#seenDelayMs = delayMs;
    return workedMs;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#pass());
  }

  /** The network was looked at: now the queue, and then the network again. */
  #pass(): void {
    this.#scheduled = false;
    const waiting = this.#waiting;
    this.#passed = true;
    if (waiting === 0) return;
    this.#seenDelayMs = this.#runDelayMs(); // What was waited before is nobody's.
    this.#serve(Math.min(this.#shareMs, ROUND_MS / waiting));
    this.#startedMs = -Infinity; // Whoever comes now finds a turn that has just begun.
    if (this.#waiting > 0) this.#schedule();
  }

  #serve(shareMs: number): void {
    const startedMs = performance.now();
    const endMs = startedMs + this.#turnMs;
    let nowMs = startedMs;
    const next = (queue: Queue): boolean => {
      const turn = queue.take();
      if (turn === undefined) return false;
      this.#waiting -= 1;
      turn.go(nowMs, shareMs);
      nowMs = turn.end();
      return nowMs < endMs;
    };
    for (const claim of CLAIMS) while (next(this.#queues[claim])); // At least one of each, so that none waits for ever.
  }
}

/** One session's place among the others. */
export class Turn {
  readonly #turns: Turns;
  readonly #resume: () => void;
  #isQueued = false;
  #steps = 0;
  #usedMs = 0;
  /** When that was so. */
  #usedAtMs = 0;
  /** When it began to work; 0 while it does not. */
  #sinceMs = 0;
  /** When its share is used up. */
  #untilMs = 0;
  /** It is in the queue because it has used its share, not because the others have used theirs. */
  isSpent = false;
  /** Behind it in the queue. */
  next: Turn | undefined;

  /** `resume` is called when a session that had to wait may go on. */
  constructor(turns: Turns, resume: () => void) {
    this.#turns = turns;
    this.#resume = resume;
  }

  get isQueued(): boolean {
    return this.#isQueued;
  }

  /** Something is to be done. False when it has to wait for that. */
  begin(nowMs: number): boolean {
    if (this.#isQueued) return false;
    this.#isQueued = !this.#turns.admit(this, nowMs);
    return !this.#isQueued;
  }

  /** After so many steps: whether there may be another. False when it has to wait for that. */
  goesOn(steps = 1): boolean {
    if (this.#isQueued) return false;
    this.#steps += steps;
    if (this.#steps < STEPS_PER_LOOK) return true;
    this.#steps = 0;
    if (performance.now() < this.#untilMs) return true;
    this.#isQueued = true;
    this.#turns.enqueue(this, 'greedy');
    return false;
  }

  /**
   * It has done what it could. Only what it did itself is counted as used: not what the network, the store or the system took
   * from then on. Returns the time.
   */
  end(): number {
    const nowMs = performance.now();
    if (this.#sinceMs > 0) this.#use(this.#turns.worked(nowMs - this.#sinceMs), nowMs);
    this.#sinceMs = 0;
    return nowMs;
  }

  get isCrowded(): boolean {
    return this.#turns.isCrowded;
  }

  /** What is not forgiven yet. */
  usedMs(nowMs: number): number {
    return Math.max(0, this.#usedMs - this.#turns.forgiven * (nowMs - this.#usedAtMs));
  }

  #use(ms: number, nowMs: number): void {
    this.#usedMs = Math.min(this.#turns.mostMs, this.usedMs(nowMs) + ms);
    this.#usedAtMs = nowMs;
  }

  /** It may work for so long; `end` follows. */
  grant(nowMs: number, shareMs: number): void {
    this.#sinceMs = nowMs;
    this.#untilMs = nowMs + shareMs;
  }

  go(nowMs: number, shareMs: number): void {
    this.#isQueued = false;
    this.isSpent = false;
    this.grant(nowMs, shareMs);
    this.#resume();
  }
}

/** First in, first out, without garbage. */
class Queue {
  #first: Turn | undefined;
  #last: Turn | undefined;

  add(turn: Turn): void {
    if (this.#last === undefined) this.#first = turn;
    else this.#last.next = turn;
    this.#last = turn;
  }

  take(): Turn | undefined {
    const turn = this.#first;
    if (turn === undefined) return undefined;
    this.#first = turn.next;
    if (this.#first === undefined) this.#last = undefined;
    turn.next = undefined;
    return turn;
  }
}
