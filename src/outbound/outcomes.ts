/**
 * What an answer leads to, for each recipient: the outcome that the queue keeps, the report that its sender gets, a line in the log,
 * and a count. Nothing is tried here.
 */
import type { LeasedMessage, LeasedRecipient, Lateness, Outcome, Reply, Settlement } from '../store/queue.js';
import { StoreError } from '../store/errors.js';
import type { Action, ReportedRecipient } from '../dsn/report.js';
import { isTold } from '../dsn/wanted.js';
import { readOriginalRecipient } from '../message/original-recipient.js';
import type { Bounces, Telling } from './bounces.js';
import { isPassing, untilTaken } from '../store/patience.js';
import { suppresses } from '../store/rules/queue.js';
import type { Schedule } from './schedule.js';
import type { Settlements } from './settlements.js';

/** What somebody may look at, and what a person wants to know. */
export interface OutcomeObserver {
  /** One recipient was tried, and this came of it. */
  attempted(attempt: Attempt): void;
  /** Nobody hears of what became of it, though somebody should. */
  untold(message: LeasedMessage, why: string): void;
  trouble(what: string, error: unknown): void;
}

export interface Attempt {
  readonly message: LeasedMessage;
  readonly recipient: LeasedRecipient;
  readonly outcome: Outcome;
  readonly durationMs: number;
}

/** What became of one recipient of a message. */
export interface Result {
  readonly recipient: LeasedRecipient;
  readonly kind: 'delivered' | 'deferred' | 'failed' | 'held' | 'corrupt';
  readonly reply: Reply;
  /** Of one that was delivered: whether nobody else will report that it was. */
  readonly reports?: 'relayed' | 'delivered' | 'expanded' | undefined;
  /** No report is made of it. */
  readonly isUntold?: true;
}

export interface OutcomesOptions {
  readonly bounces: Pick<Bounces, 'tell'>;
  readonly settlements: Settlements;
  readonly schedule: Schedule;
  readonly observer: OutcomeObserver;
  /** These are reported on from now on. */
  readonly sending: (settlements: readonly Settlement[]) => void;
  /** They are durable, or given up. */
  readonly settled: (settlements: readonly Settlement[]) => void;
  readonly signal: AbortSignal;
}

/** Reports hold what they report on in memory. */
const AT_ONCE = 4;

interface Told {
  readonly settlement: Settlement;
  readonly reported: ReportedRecipient | undefined;
}

export class Outcomes {
  readonly #options: OutcomesOptions;
  readonly #tellings: Telling[] = [];
  #active = 0;
  #idle: (() => void)[] = [];

  constructor(options: OutcomesOptions) {
    this.#options = options;
  }

  /** Of one transaction. */
  attempted(
    message: LeasedMessage,
    results: readonly Result[],
    time: { startedAtMs: number; durationMs: number },
  ): void {
    const all = results.map((result) => this.#judge(message, result, time));
    for (const [at, { settlement }] of all.entries()) {
      const { recipient } = results[at] as Result;
      this.#options.observer.attempted({
        message,
        recipient,
        outcome: settlement.outcome,
        durationMs: time.durationMs,
      });
    }
    this.#settle(message, all);
  }

  /** What waited for too long, or so long that its sender is to know. */
  late(message: LeasedMessage, kind: Lateness): void {
    const all = message.recipients.map((recipient) =>
      kind === 'expired' ? givenUp(message, recipient) : delayed(message, recipient),
    );
    this.#settle(message, all);
  }

  /** Nothing was tried. */
  returned(recipients: readonly LeasedRecipient[]): void {
    this.#options.settlements.add(recipients.map(({ id }) => ({ id, outcome: { kind: 'returned' } })));
  }

  /** Resolves when everything is durable, or given up. */
  async flushed(): Promise<void> {
    if (this.#active > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#options.settlements.flushed();
  }

  #judge(message: LeasedMessage, result: Result, time: { startedAtMs: number; durationMs: number }): Told {
    const { recipient, reply, kind } = result;
    const isExpired = kind === 'deferred' && recipient.expiresAtMs <= Date.now();
    const outcome: Outcome = isExpired ? { kind: 'failed', reply } : this.#outcomeOf(result);
    const settlement = { id: recipient.id, outcome, ...time };
    const action = outcome.kind === 'delivered' ? result.reports : outcome.kind === 'failed' ? 'failed' : undefined;
    if (action === undefined || result.isUntold === true || !isTold(message.reversePath, recipient.notify, action))
      return { settlement, reported: undefined };
    const isSuppressed = suppresses(outcome);
    return { settlement, reported: { ...reportOf(recipient, { action, reply }), isExpired, isSuppressed } };
  }

  #outcomeOf({ kind, reply, recipient }: Result): Outcome {
    if (kind !== 'deferred') return { kind, reply };
    const { attempts, expiresAtMs } = recipient;
    const nextAttemptAtMs = this.#options.schedule.nextAttemptAtMs(attempts, { nowMs: Date.now(), expiresAtMs });
    return { kind, reply, nextAttemptAtMs };
  }

  /** One report a kind, for all recipients together. */
  #settle(message: LeasedMessage, all: readonly Told[]): void {
    const silent = all.filter(({ reported }) => reported === undefined);
    if (silent.length > 0) this.#options.settlements.add(silent.map(({ settlement }) => settlement));
    for (const action of new Set(all.map(({ reported }) => reported?.action))) {
      if (action === undefined) continue;
      const told = all.filter(({ reported }) => reported?.action === action);
      const recipients = told.map(({ reported }) => reported as ReportedRecipient);
      this.#tellings.push({ message, action, recipients, settlements: told.map(({ settlement }) => settlement) });
    }
    this.#next();
  }

  #next(): void {
    while (this.#active < AT_ONCE) {
      const telling = this.#tellings.shift();
      if (telling === undefined) break;
      this.#active += 1;
      void this.#tell(telling).finally(() => {
        this.#active -= 1;
        this.#next();
      });
    }
    if (this.#active === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #tell(telling: Telling): Promise<void> {
    const { bounces, settled, sending, signal, observer } = this.#options;
    sending(telling.settlements);
    try {
      const told = await untilTaken(() => bounces.tell(telling), signal);
      if (told === 'told') return settled(telling.settlements);
      if (told === 'nobody') observer.untold(telling.message, 'there is no such sender');
      this.#options.settlements.add(telling.settlements);
    } catch (error) {
      if (isBug(error)) observer.trouble('a bug kept a report from being made', error);
      this.#untold(telling, error);
    }
  }

  /** The report could not be stored. What failed leaves the queue without one only where there will never be one. */
  #untold({ message, action, settlements }: Telling, error: unknown): void {
    const settled = action === 'failed' ? settlements.map((each) => this.#kept(message, each, error)) : settlements;
    if (settled.some(({ outcome }) => !STAYS.has(outcome.kind)) && !isGone(error))
      this.#options.observer.untold(message, (error as Error).message);
    this.#options.settlements.add(settled);
  }

  /** Tried again while a report may yet be stored: it may come with the next failure. An administrator decides about a bug. */
  #kept(message: LeasedMessage, settlement: Settlement, error: unknown): Settlement {
    if (isPassing(error)) return { id: settlement.id, outcome: { kind: 'returned' } };
    if (isBug(error)) return { ...settlement, outcome: { kind: 'held', reply: untellable(settlement.outcome) } };
    return isGone(error) ? settlement : this.#later(message, settlement);
  }

  #later(message: LeasedMessage, settlement: Settlement): Settlement {
    const { outcome, id } = settlement;
    const recipient = message.recipients.find((each) => each.id === id);
    if (outcome.kind !== 'failed' || recipient === undefined || recipient.expiresAtMs <= Date.now()) return settlement;
    return { ...settlement, outcome: this.#outcomeOf({ recipient, kind: 'deferred', reply: outcome.reply }) };
  }
}

/** Of a row that stays in the queue. */
const STAYS: ReadonlySet<Outcome['kind']> = new Set(['deferred', 'held', 'corrupt', 'returned']);

function isGone(error: unknown): boolean {
  return error instanceof StoreError && error.kind === 'missing';
}

function isBug(error: unknown): boolean {
  return !isPassing(error) && !isGone(error) && !isFull(error);
}

/** The maildrop of who is to be told. */
function isFull(error: unknown): boolean {
  return error instanceof StoreError && error.kind.startsWith('over-quota');
}

function untellable(outcome: Outcome): Reply {
  const reply = 'reply' in outcome ? outcome.reply : NO_REPLY;
  return { ...reply, text: `${reply.text} (its sender could not be told: release it to try again, or remove it)` };
}

const NO_REPLY: Reply = { enhanced: '4.4.7', text: 'It was never tried' };

function givenUp(message: LeasedMessage, recipient: LeasedRecipient): Told {
  const reply = recipient.lastReply ?? NO_REPLY;
  const settlement: Settlement = { id: recipient.id, outcome: { kind: 'failed', reply } };
  if (!isTold(message.reversePath, recipient.notify, 'failed')) return { settlement, reported: undefined };
  return { settlement, reported: { ...reportOf(recipient, { action: 'failed', reply }), isExpired: true } };
}

function delayed(message: LeasedMessage, recipient: LeasedRecipient): Told {
  const settlement: Settlement = { id: recipient.id, outcome: { kind: 'noticed' } };
  if (!isTold(message.reversePath, recipient.notify, 'delayed')) return { settlement, reported: undefined };
  const reported = reportOf(recipient, { action: 'delayed', reply: recipient.lastReply });
  return { settlement, reported: { ...reported, willRetryUntilMs: recipient.expiresAtMs } };
}

function reportOf(
  { recipient, originalRecipient }: LeasedRecipient,
  { action, reply }: { readonly action: Action; readonly reply: Reply | undefined },
): ReportedRecipient {
  const original = originalRecipient === undefined ? undefined : readOriginalRecipient(originalRecipient);
  return { recipient, originalRecipient: original, action, reply };
}
