/**
 * How many recipients in other domains an account may still send to, whatever driver counts them. They are counted in slots of ten
 * minutes, so that a limit holds in any hour and in any day, not only between two strokes of the clock. Pure.
 */
import type { OwnLimit, OwnLimits, RecipientLimits, RecipientUse } from '../recipient-limits.js';

const SLOT_MS = 600_000;
const SLOTS_PER_HOUR = 6;
const SLOTS_PER_DAY = 144;

/** Slots by their numbers: the present one, and the first of those that count. What is later was counted by a clock that was wrong. */
export interface Slots {
  readonly present: number;
  readonly hour: number;
  readonly day: number;
}

export function slotsAt(nowMs: number): Slots {
  const present = Math.floor(nowMs / SLOT_MS);
  return { present, hour: present - SLOTS_PER_HOUR, day: present - SLOTS_PER_DAY };
}

export function limitsOf(own: OwnLimits, usual: RecipientLimits): RecipientLimits {
  return { perHour: limitOf(own.perHour, usual.perHour), perDay: limitOf(own.perDay, usual.perDay) };
}

/** Infinity without a limit. */
export function recipientsLeft({ lastHour, lastDay, own }: RecipientUse, usual: RecipientLimits): number {
  const { perHour = Infinity, perDay = Infinity } = limitsOf(own, usual);
  return Math.max(0, Math.min(perHour - lastHour, perDay - lastDay));
}

function limitOf(own: OwnLimit, usual: number | undefined): number | undefined {
  if (own === 'default') return usual;
  return own === 'none' ? undefined : own;
}
