/**
 * How much a view shows of a maildrop: counted when a session opens it, since what others remove changes it too. It costs what the
 * view shows, not what it hides: a client that takes away all that comes has few new messages, and one that leaves everything
 * lists all of it anyway. What is more than a moment's work is done in slices.
 */
import type { Slices } from '../../../runtime/slices.js';
import type { MaildropRow } from '../database/reads.js';
import { PassedOver, type Listed } from './passed-over.js';
import type { Reader } from './reader.js';

/** Index entries that are counted in one look: a fraction of a millisecond. */
const ENTRIES_AT_ONCE = 2_000;
/** A view of a few messages need not wait for a slice. */
const FIRST_SLICE_MS = 0.5;

/** The maildrop as the view shows it; nothing in it changes meanwhile, for the view is held. */
export async function shownBy(
  listed: Listed,
  maildrop: MaildropRow,
  { reader, slices }: { readonly reader: Reader; readonly slices: Slices },
): Promise<MaildropRow> {
  let [messages, octets] = [0, 0];
  let untilMs = performance.now() + FIRST_SLICE_MS;
  for (const counted of counts(listed, maildrop, reader)) {
    messages += counted[0];
    octets += counted[1];
    if (performance.now() >= untilMs) untilMs = await slices.next();
  }
  return { ...maildrop, messages, octets };
}

/** Of what is shown, a few at a time; nothing for each range that is passed over. */
function* counts(
  listed: Listed,
  maildrop: MaildropRow,
  reader: Reader,
): Iterable<readonly [messages: number, octets: number]> {
  const passedOver = new PassedOver(listed, maildrop, reader);
  const { uid_next: end } = maildrop;
  for (let from = maildrop.first_uid; from < end;) {
    const [first, last] = passedOver.next(from);
    const before = Math.min(first, end);
    while (from < before) {
      const [messages, octets, lastCounted] = reader.sums(listed.account, { from, before, limit: ENTRIES_AT_ONCE });
      yield [messages, octets];
      from = messages < ENTRIES_AT_ONCE || lastCounted === null ? before : lastCounted + 1;
    }
    from = Math.max(from, last + 1);
    yield [0, 0];
  }
}
