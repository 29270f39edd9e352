/**
 * How many recipients in other domains an account may still send to, whatever driver counts them. They are counted in slots of ten
 * minutes, so that a limit holds in any hour and in any day, not only between two strokes of the clock. What is held for later (RFC 4865)
 * counts when it is to leave, so that nothing else may leave with it beyond the limit, whenever either was sent. Pure.
 */
import type { Outgoing } from '../deliveries.js';
import type { OwnLimit, OwnLimits, RecipientLimits, RecipientUse } from '../recipient-limits.js';

const SLOT_MS = 600_000;
const SLOTS_PER_HOUR = 6;
const SLOTS_PER_DAY = 144;

/** Days: nothing is held for so long. What is counted later still was by a clock that was wrong. */
const KEPT_AHEAD = 31;

/** Slots by their numbers: that of the moment, and the first and the last of those that count with it. */
export interface Slots {
  readonly present: number;
  readonly hour: number;
  readonly hourEnd: number;
  readonly day: number;
  readonly dayEnd: number;
}

export function slotsAt(atMs: number): Slots {
  const present = Math.floor(atMs / SLOT_MS);
  return {
    present,
    ...{ hour: present - SLOTS_PER_HOUR, hourEnd: present + SLOTS_PER_HOUR },
    ...{ day: present - SLOTS_PER_DAY, dayEnd: present + SLOTS_PER_DAY },
  };
}

/** The first and the last of the slots that may count some time. */
export function keptSlots(nowMs: number): readonly [first: number, last: number] {
  const { present, day } = slotsAt(nowMs);
  return [day, present + KEPT_AHEAD * SLOTS_PER_DAY];
}

/** When a message counts: when it leaves. */
export function countsAtMs({ firstAttemptAtMs }: Pick<Outgoing, 'firstAttemptAtMs'>, nowMs: number): number {
  return Math.max(firstAttemptAtMs, nowMs);
}

export function limitsOf(own: OwnLimits, usual: RecipientLimits): RecipientLimits {
  return { perHour: limitOf(own.perHour, usual.perHour), perDay: limitOf(own.perDay, usual.perDay) };
}

/** Infinity without a limit. */
export function recipientsLeft({ lastHour, lastDay, own }: RecipientUse, usual: RecipientLimits): number {
  const { perHour = Infinity, perDay = Infinity } = limitsOf(own, usual);
  return Math.max(0, Math.min(perHour - lastHour, perDay - lastDay));
}

/** Of one message, whatever has been sent: Infinity without a limit. */
export function recipientsAtMost({ own }: Pick<RecipientUse, 'own'>, usual: RecipientLimits): number {
  const { perHour = Infinity, perDay = Infinity } = limitsOf(own, usual);
  return Math.min(perHour, perDay);
}

function limitOf(own: OwnLimit, usual: number | undefined): number | undefined {
  if (own === 'default') return usual;
  return own === 'none' ? undefined : own;
}
