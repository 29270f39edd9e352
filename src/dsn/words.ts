/**
 * What a report says to a person: somebody whose message, or whose scanner's, did not arrive, and who has never heard of SMTP.
 * First what happened and to which message, then for each recipient why, in plain words; then the server's own words; then what
 * one can do. Lines are of a width that every program shows.
 */
import { printableLine } from '../message/printable.js';
import { dateTime } from '../message/received.js';
import { madeInSlices } from '../runtime/slices.js';
import type { Reply } from '../store/queue.js';
import { statusOf, withoutBrackets } from './delivery-status.js';
import type { Action, Report, ReportedRecipient, Reporter } from './report.js';

const WIDTH = 72;
const INDENT = '    ';

export const subjects: Readonly<Record<Action, string>> = {
  failed: 'Your message could not be delivered',
  delayed: 'Your message is delayed',
  relayed: 'Your message was passed on',
  delivered: 'Your message was delivered',
  expanded: 'Your message was delivered',
};

/** What is known of the message that people recognize it by. */
export interface Recognized {
  readonly subject: string | undefined;
  readonly date: string | undefined;
}

export async function sentences(report: Report, message: Recognized, reporter: Reporter): Promise<string> {
  const { recipients } = report;
  const tried = span(reporter.nowMs - report.message.queuedAtMs);
  const about = await madeInSlices(recipients, (recipient) => ['', ...aboutRecipient(recipient, tried)]);
  const lines = [
    wrapped(opening(report)),
    '',
    `Subject: ${shown(message.subject) ?? '(none)'}`,
    `Sent:    ${shown(message.date) ?? dateTime(report.message.queuedAtMs)}`,
    ...about.flat(),
    '',
    ...advice(recipients).flatMap((text) => [wrapped(text), '']),
    wrapped(`This report was made by the mail server ${reporter.hostname}. ${closing(report)}`),
  ];
  return lines.join('\n').replaceAll('\n', '\r\n') + '\r\n';
}

function opening({ action, recipients }: Report): string {
  const whom = recipients.length === 1 ? 'this recipient' : `these ${recipients.length} recipients`;
  switch (action) {
    case 'failed':
      return `Your message could not be delivered to ${whom}. It will not be tried again.`;
    case 'delayed':
      return `Your message could not be delivered to ${whom} yet. It is tried again by itself: please do not send it a second time.`;
    case 'relayed':
      return `Your message was passed on to the mail server of ${whom}, which sends no reports itself.`;
    case 'delivered':
      return `Your message was delivered to ${whom}.`;
    case 'expanded':
      return `Your message was delivered to ${whom}, and from there to several others.`;
  }
}

function aboutRecipient(recipient: ReportedRecipient, tried: string): readonly string[] {
  const to = withoutBrackets(printableLine(recipient.recipient));
  if (isSuccess(recipient.action)) return [to];
  const { reply, willRetryUntilMs } = recipient;
  return [
    to,
    indented(reason(recipient, tried)),
    ...(reply === undefined ? [] : remoteWords(reply)),
    ...(recipient.isSuppressed === true ? [indented(SUPPRESSED)] : []),
    ...(willRetryUntilMs === undefined ? [] : [indented(`It is tried until ${dateTime(willRetryUntilMs)}.`)]),
  ];
}

function isSuccess(action: Action): boolean {
  return action !== 'failed' && action !== 'delayed';
}

/** By the enhanced code (RFC 3463 §3), where it says more than that something failed. */
const REASONS: Readonly<Record<string, string>> = {
  '1.1': 'There is no such address.',
  '1.2': 'There is no mail server for what stands behind the @ of the address.',
  '1.3': 'The address is not written as it must be.',
  '1.6': 'The mailbox has moved to another address.',
  '1.8': 'The address of the sender is not accepted: nobody could answer it.',
  '1.10': 'What stands behind the @ of the address takes no mail.',
  '2.1': 'The mailbox is closed.',
  '2.2': 'The mailbox is full.',
  '2.3': 'The message is larger than the mailbox takes.',
  '3.2': 'The mail server takes no mail at the moment.',
  '3.4': 'The message is larger than the mail server takes.',
  '4.1': 'The mail server does not answer.',
  '4.2': 'The connection to the mail server broke.',
  '4.3': 'The mail server could not be found.',
  '4.4': 'The mail server could not be found.',
  '4.6': 'The message runs in a circle between mail servers.',
  '4.7': 'The time for it is over.',
  '5.3': 'The message has too many recipients.',
  '6.3': 'The mail server cannot take the characters of this message.',
  '6.7': 'The mail server cannot take addresses with such letters.',
  '7.1': 'The mail server refuses the message.',
  '7.8': 'This server could not log in at the next mail server.',
  '7.10': 'The message had to be encrypted on its way, and could not be.',
  '7.30': 'The next mail server cannot promise to encrypt the message on all of its way.',
};

const SUPPRESSED =
  'From now on nothing is sent to this address from here. Where it is right after all, the administrator of this mail server can lift that.';
const NOT_TAKEN = 'The mail server did not take the message.';

function reason(recipient: ReportedRecipient, tried: string): string {
  if (recipient.isExpired === true) return `It was tried for ${tried} in vain. The last time: ${lastReason(recipient)}`;
  if (recipient.action === 'delayed') return lastReason(recipient);
  const detail = detailOf(statusOf(recipient));
  const byRule = detail.startsWith('7.') ? 'The mail server refuses the message by its rules.' : NOT_TAKEN;
  return REASONS[detail] ?? byRule;
}

/** Of something that may pass: that a server refuses a message for now says nothing. */
function lastReason({ reply }: ReportedRecipient): string {
  const detail = detailOf(reply?.enhanced ?? '');
  return (/^[1-4]\./.test(detail) ? REASONS[detail] : undefined) ?? NOT_TAKEN;
}

/** `5.1.1` → `1.1`. */
function detailOf(status: string): string {
  return status.slice(status.indexOf('.') + 1);
}

/** As people say it. */
function span(ms: number): string {
  const [unit, unitMs] =
    ms >= 2 * DAY_MS ? ['days', DAY_MS] : ms >= 2 * HOUR_MS ? ['hours', HOUR_MS] : ['minutes', MINUTE_MS];
  const count = Math.max(1, Math.round(ms / unitMs));
  return `${count} ${count === 1 ? unit.slice(0, -1) : unit}`;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const WHILE: Readonly<Record<string, string>> = {
  AUTH: 'when this server logged in',
  RCPT: 'when it was given the address',
  MAIL: 'when it was given the sender',
  DATA: 'before the message was sent',
  'end of data': 'after the message was sent',
};

/** Who said it, and on lines of their own, so that they can be searched for, the words. */
function remoteWords({ code, enhanced, text, host, address, command }: Reply): readonly string[] {
  const words = printableLine(text);
  const said = code === undefined ? words : [code, enhanced, words].filter((word) => word !== undefined).join(' ');
  if (host === undefined) return [indented(said)];
  const who = `${printableLine(host)}${address === undefined ? '' : ` [${address}]`}`;
  if (code === undefined) return [indented(`${who}: ${said}`)];
  const during = WHILE[command ?? ''];
  return [indented(`The mail server ${who} said${during === undefined ? '' : `, ${during}`}:`), indented(said)];
}

/** What one can do oneself, by the same codes. */
const ADVICE: Readonly<Record<string, string>> = {
  '1.1': 'Please look for a typing mistake in the address, and ask the recipient whether it still exists.',
  '1.2': 'Please look for a typing mistake behind the @ of the address.',
  '1.3': 'Please look for a typing mistake in the address.',
  '1.10': 'Please ask the recipient for another address.',
  '2.1': 'Please ask the recipient for another address.',
  '2.2': 'Please tell the recipient in some other way, and send the message again later.',
  '2.3': 'Please send less at a time, or a link instead of an attachment.',
  '3.4': 'Please send less at a time, or a link instead of an attachment.',
  '7.8': 'Please tell whoever looks after this mail server: its password for the next one has to be renewed.',
};

function advice(recipients: readonly ReportedRecipient[]): readonly string[] {
  const found = recipients
    .filter(({ action }) => action === 'failed')
    .map((recipient) => ADVICE[detailOf(statusOf(recipient))]);
  return [...new Set(found.filter((text) => text !== undefined))];
}

function closing({ action, message }: Report): string {
  if (isSuccess(action)) return 'You had asked for it.';
  const back = message.rest === undefined ? 'the header of your message' : 'your message';
  return `Details for whoever looks after your mail, and ${back}, are attached.`;
}

function shown(text: string | undefined): string | undefined {
  const line = text === undefined ? '' : printableLine(text).trim();
  return line === '' ? undefined : line;
}

function indented(text: string): string {
  return wrapped(text, INDENT);
}

/** Between words; a word that is longer stays whole. */
function wrapped(text: string, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').filter((each) => each !== '')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => indent + each).join('\n');
}
