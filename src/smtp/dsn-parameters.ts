/**
 * The values of RET, ENVID, NOTIFY and ORCPT (RFC 3461 §4): which reports the sender wants, and the names that it knows the message and
 * its recipients by. Those names are kept as they were given.
 *
 *   ret-value    = "FULL" / "HDRS"
 *   envid        = xtext                                        ; of printable ASCII
 *   notify-value = "NEVER" / 1#( "SUCCESS" / "FAILURE" / "DELAY" )
 *   orcpt        = addr-type ";" xtext
 */
import { isAscii } from '../message/domain.js';
import { ORIGINAL_RECIPIENT_LIMIT_BYTES, readOriginalRecipient } from '../message/original-recipient.js';
import { readXtext } from '../message/xtext.js';
import type { NotifyOn, Returned } from '../store/shapes.js';

/** RFC 3461 §5.4, in octets, as it stands in the command; a longer one is refused. */
export const ENVELOPE_ID_LIMIT_BYTES = 100;

const RETURNED: ReadonlyMap<string, Returned> = new Map([
  ['FULL', 'full'],
  ['HDRS', 'headers'],
]);

const EVENTS: ReadonlyMap<string, NotifyOn> = new Map([
  ['SUCCESS', 'success'],
  ['FAILURE', 'failure'],
  ['DELAY', 'delay'],
]);

/** Each answers undefined for what is no such value. */
export function readReturned(value: string): Returned | undefined {
  return RETURNED.get(value.toUpperCase());
}

export function readEnvelopeId(value: string): string | undefined {
  if (value === '' || value.length > ENVELOPE_ID_LIMIT_BYTES) return undefined;
  const text = readXtext(value);
  return text !== undefined && isAscii(text) ? value : undefined;
}

/** Each event once, in the order of the RFC. */
export function readNotify(value: string): readonly NotifyOn[] | undefined {
  const words = value.toUpperCase();
  if (words === 'NEVER') return ['never'];
  const events = new Set(words.split(',').map((word) => EVENTS.get(word)));
  return events.has(undefined) ? undefined : [...EVENTS.values()].filter((event) => events.has(event));
}

export function readOrcpt(value: string): string | undefined {
  if (Buffer.byteLength(value) > ORIGINAL_RECIPIENT_LIMIT_BYTES) return undefined;
  return readOriginalRecipient(value) === undefined ? undefined : value;
}
