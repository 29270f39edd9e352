/** How messages are listed: for people, and as JSON. */
import { printableLine } from '../message/printable.js';
import type { MailSummary } from '../store/mailboxes.js';
import type { Table } from './listing.js';
import { moment } from './terminal.js';

export const mailTable: Table<MailSummary> = {
  head: ['number', 'received', 'octets', 'from', 'subject'],
  row: (one) => [one.number, moment(one.receivedAtMs), one.octets, one.from ?? '', one.subject ?? ''],
};

/** Without the store's own name for it, which means nothing outside. Fields that an older version stored are as they came. */
export function shownMail({ number, uidl, octets, receivedAtMs, from, to, subject }: MailSummary) {
  const [shownFrom, shownTo, shownSubject] = [from, to, subject].map((text) => text && printableLine(text));
  return { number, uidl, octets, receivedAtMs, from: shownFrom, to: shownTo, subject: shownSubject };
}
