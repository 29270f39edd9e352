/**
 * HOLDFOR and HOLDUNTIL (RFC 4865): a message that nobody gets before a time. It waits in the queue.
 *
 *   HOLDFOR=<seconds>                              ; 1 to 9 digits
 *   HOLDUNTIL=<date-time of RFC 3339>              ; one that is over means now
 */
import { decimal } from '../session/grammar.js';

/** No message is held for longer. */
export const HOLD_LIMIT_DAYS = 30;
const HOLD_LIMIT_SECONDS = HOLD_LIMIT_DAYS * 86_400;
/** Of HOLDFOR, as RFC 4865 has it. */
const SECONDS_DIGITS = 9;
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;

/** What EHLO says: the most seconds, and the latest time. */
export function holdLimits(nowMs: number): string {
  return `${HOLD_LIMIT_SECONDS} ${new Date(nowMs + HOLD_LIMIT_SECONDS * 1000).toISOString().replace(/\.\d+/, '')}`;
}

/** Until when; undefined for what is no number of seconds. */
export function readHoldFor(value: string, nowMs: number): number | undefined {
  const seconds = decimal(value, SECONDS_DIGITS);
  return seconds === undefined ? undefined : nowMs + seconds * 1000;
}

/** Until when; undefined for what is no time. */
export function readHoldUntil(value: string): number | undefined {
  const untilMs = DATE_TIME.test(value) ? Date.parse(value.toUpperCase()) : NaN;
  return Number.isNaN(untilMs) ? undefined : untilMs;
}

export function isTooLate(untilMs: number, nowMs: number): boolean {
  return untilMs > nowMs + HOLD_LIMIT_SECONDS * 1000;
}
