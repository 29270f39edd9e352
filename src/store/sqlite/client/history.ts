/**
 * What came and who logged in, on its way to the store: gathered for a moment, so that a message costs a frame's part and no write
 * of its own. Of very many only so many have a row each (row-budget.ts), and the others are one row a minute.
 */
import type { Answered, ArrivalRecord, History, LoginRecord } from '../../history.js';
import { FrameType, jsonFrame } from '../protocol/frames.js';
import type { ArrivalRow, LoginRow } from '../protocol/history.js';
import { RowBudget } from './row-budget.js';
import type { StoreClient } from './store-client.js';

const FLUSH_MS = 500;
/** In one frame, which the store reads in a few milliseconds. */
const ROWS_LIMIT = 200;
/** How often those without a row are counted in one. */
const COUNT_MS = 60_000;
/** No path and no reply of ours is longer. */
const TEXT_LIMIT_CHARACTERS = 512;

/** What each worker writes rows of. What is accepted is followed by what costs more; refusals cost a stranger nothing. */
const RATES = {
  accepted: { atOnce: 1_000, perSecond: 50 },
  refused: { atOnce: 500, perSecond: 0.5 },
} as const;
type Kind = keyof typeof RATES;

const NO_LOGIN = { account: '', address: '', protocol: '', mechanism: '', credential: '', reason: '' } as const;
const NO_ARRIVAL = {
  ...{ address: null, helo: null, tls: null, login: null, reversePath: null, recipient: null, octets: null },
  ...{ message: null, code: null, reply: null },
} as const;

export class HistoryOutput implements History {
  readonly #client: StoreClient;
  readonly #arrivalBudgets = budgets();
  readonly #loginBudgets = budgets();
  #logins: LoginRow[] = [];
  #arrivals: ArrivalRow[] = [];
  #isTicking = false;
  #countedAtMs = Date.now();

  constructor(client: StoreClient) {
    this.#client = client;
  }

  recordLogin({ atMs, account, address, protocol, mechanism, credential, outcome, reason }: LoginRecord): void {
    this.#begin();
    if (!this.#loginBudgets[outcome === 'accepted' ? 'accepted' : 'refused'].take(atMs)) return;
    const named = { account: cut(account ?? ''), address, credential: cut(credential ?? ''), reason: reason ?? '' };
    this.#logins.push({ atMs, ...named, protocol, mechanism: cut(mechanism), outcome, times: 1 });
    if (this.#logins.length >= ROWS_LIMIT) this.flush();
  }

  recordArrival(answered: Answered, tell: () => ArrivalRecord): void {
    this.#begin();
    if (!this.#arrivalBudgets[kindOf(answered)].take(answered.atMs)) return;
    const { id, address, helo, tls, login, reversePath, recipient, octets, reply } = tell();
    this.#arrivals.push({
      ...{ atMs: answered.atMs, address, helo: cut(helo), tls: tls ?? null, login: login ?? null },
      ...{ reversePath: cutOrNull(reversePath), recipient: cutOrNull(recipient), octets: octets ?? null },
      ...{ message: id ?? null, code: answered.code, reply: cut(reply), times: 1 },
    });
    if (this.#arrivals.length >= ROWS_LIMIT) this.flush();
  }

  flush(): void {
    this.#countOthers(Date.now());
    this.#send();
  }

  /** A process that is told nothing needs no timer. */
  #begin(): void {
    if (!this.#isTicking) setInterval(() => this.#tick(), FLUSH_MS).unref();
    this.#isTicking = true;
  }

  #tick(): void {
    const nowMs = Date.now();
    if (Math.abs(nowMs - this.#countedAtMs) >= COUNT_MS) this.#countOthers(nowMs);
    this.#send();
  }

  #send(): void {
    const [logins, arrivals] = [this.#logins, this.#arrivals];
    if (logins.length + arrivals.length === 0) return;
    this.#logins = [];
    this.#arrivals = [];
    this.#client.tellNow(jsonFrame(FrameType.History, 0, { logins, arrivals }));
  }

  #countOthers(atMs: number): void {
    this.#countedAtMs = atMs;
    for (const kind of ['accepted', 'refused'] as const) {
      const logins = this.#loginBudgets[kind].takeBeyond();
      const arrivals = this.#arrivalBudgets[kind].takeBeyond();
      if (logins > 0) this.#logins.push({ ...NO_LOGIN, atMs, outcome: kind, times: logins });
      if (arrivals > 0) this.#arrivals.push({ ...NO_ARRIVAL, atMs, reply: kind, times: arrivals });
    }
  }
}

function budgets(): Readonly<Record<Kind, RowBudget>> {
  const nowMs = Date.now();
  return { accepted: new RowBudget(RATES.accepted, nowMs), refused: new RowBudget(RATES.refused, nowMs) };
}

function kindOf({ code }: Answered): Kind {
  return code < 400 ? 'accepted' : 'refused';
}

function cutOrNull(text: string | undefined): string | null {
  return text === undefined ? null : cut(text);
}

/** Never half a character. */
function cut(text: string): string {
  return text.length <= TEXT_LIMIT_CHARACTERS ? text : Array.from(text).slice(0, TEXT_LIMIT_CHARACTERS).join('');
}
