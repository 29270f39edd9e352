/** What becomes of a collector, whatever driver keeps it (collectors.ts says what each means). Pure; undefined changes nothing. */
import type {
  Collector,
  CollectorChange,
  CollectorClaim,
  CollectorFailure,
  CollectorId,
  CollectorLogin,
  CollectorRun,
  NewCollector,
} from '../collectors.js';
import type { AccountId } from '../shapes.js';

/** All of them are read whenever one may be due; more are refused. */
export const COLLECTORS_LIMIT = 1_000;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * After failures in a row the next run waits twice as long each time. A server that is away is looked for soon; one that refuses a
 * password locks the account there when it is asked often, and nothing changes before somebody gives another.
 */
const BACKOFF: Readonly<Record<CollectorFailure['kind'], { readonly firstMs: number; readonly mostMs: number }>> = {
  other: { firstMs: 5 * MINUTE_MS, mostMs: HOUR_MS },
  quota: { firstMs: 15 * MINUTE_MS, mostMs: HOUR_MS },
  login: { firstMs: HOUR_MS, mostMs: 24 * HOUR_MS },
};

export function madeCollector(
  id: CollectorId,
  { into, url, password, everyMs, removeAfterMs }: NewCollector,
  made: { readonly account: AccountId; readonly nowMs: number },
): CollectorLogin {
  const { account, nowMs } = made;
  return {
    ...{ id, url, password, account, into, everyMs, removeAfterMs, version: nowMs, sinceMs: nowMs, nextRunAtMs: nowMs },
    ...{ fetched: 0, leftOut: 0, failures: 0 },
  };
}

/** Versions grow with the clock, so that one that was removed and made anew is not taken for the old one. */
export function changedCollector(collector: CollectorLogin, change: CollectorChange, nowMs: number): CollectorLogin {
  const { password = collector.password, everyMs = collector.everyMs } = change;
  const { removeAfterMs = collector.removeAfterMs } = change;
  return {
    ...collector,
    ...{ password, everyMs, removeAfterMs, version: Math.max(collector.version + 1, nowMs) },
    ...{ nextRunAtMs: nowMs, claim: undefined, failures: 0, failure: undefined },
  };
}

/** Who has it may claim it for longer. A claim that ends later than one made now would was made before the clock was set back. */
export function claimedCollector<C extends Collector>(
  collector: C,
  { by, forMs }: CollectorClaim,
  nowMs: number,
): C | undefined {
  const { claim } = collector;
  const isAnothers = claim !== undefined && claim.by !== by && claim.untilMs > nowMs && claim.untilMs <= nowMs + forMs;
  return isAnothers ? undefined : { ...collector, claim: { by, untilMs: nowMs + forMs } };
}

export function settledCollector<C extends Collector>(collector: C, run: CollectorRun, nowMs: number): C {
  const { failure, leftOut } = run;
  const fetched = collector.fetched + run.fetched;
  if (run.goesOn === true) return { ...collector, claim: undefined, fetched, nextRunAtMs: nowMs };
  const failures = failure === undefined ? 0 : collector.failures + 1;
  return {
    ...collector,
    ...{ claim: undefined, lastRunAtMs: nowMs, fetched, leftOut, failures },
    ...(failure === undefined && { lastSuccessAtMs: nowMs }),
    failure: failure && { ...failure, atMs: nowMs },
    nextRunAtMs: nowMs + delayMs(collector.everyMs, failures, failure?.kind),
  };
}

/** When it may be run: what is later than any delay or claim would have it was said before the clock was set back. */
export function collectorDueAtMs({ nextRunAtMs, everyMs, claim }: Collector, nowMs: number): number {
  const isPutOff = nextRunAtMs > nowMs && nextRunAtMs <= nowMs + Math.max(everyMs, BACKOFF.login.mostMs);
  const isClaimed = claim !== undefined && claim.untilMs > nowMs && claim.untilMs <= nowMs + HOUR_MS;
  return Math.max(isPutOff ? nextRunAtMs : nowMs, isClaimed ? claim.untilMs : nowMs);
}

/** A password that is refused is never tried sooner than the schedule has it; anything else may pass before. */
function delayMs(everyMs: number, failures: number, kind: CollectorFailure['kind'] | undefined): number {
  if (kind === undefined) return everyMs;
  const { firstMs, mostMs } = BACKOFF[kind];
  const backoffMs = Math.min(firstMs * 2 ** Math.min(failures - 1, 20), mostMs);
  return kind === 'login' ? Math.max(everyMs, backoffMs) : backoffMs;
}
