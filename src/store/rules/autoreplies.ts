/** When an account answers, whatever driver keeps it (autoreplies.ts). */
import type { Autoreply } from '../autoreplies.js';

/** RFC 3834 §2: a sender is not answered again for some days. */
export const ANSWERED_FOR_MS = 7 * 86_400_000;

/** Senders that one account answers in that time; nobody beyond is: what was forged makes no flood. */
export const ANSWERED_LIMIT = 10_000;

export function isInForce({ fromMs = 0, untilMs = Infinity }: Autoreply, nowMs: number): boolean {
  return fromMs <= nowMs && nowMs < untilMs;
}

/** A clock that was set back makes nobody wait for longer. */
export function isAnswered(atMs: number | undefined, nowMs: number): boolean {
  return atMs !== undefined && Math.abs(nowMs - atMs) < ANSWERED_FOR_MS;
}
