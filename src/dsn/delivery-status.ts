/**
 * The part of a report that programs read (RFC 3464; RFC 6533 for addresses that are not ASCII). Whatever a remote server said
 * stands in it as one field: no CR, LF or other control character of it gets here, and no line is longer than lines may be.
 */
import { isAscii } from '../message/domain.js';
import { printableLine } from '../message/printable.js';
import { dateTime } from '../message/received.js';
import { madeInSlices } from '../runtime/slices.js';
import type { Reply } from '../store/queue.js';
import type { Action, Report, ReportedRecipient, Reporter } from './report.js';

/** RFC 5322 §2.1.1, what lines should not exceed. */
const LINE_CHARACTERS = 78;
const TEXT_LIMIT_CHARACTERS = 1_000;
const UTF_8 = 'utf-8';

export async function deliveryStatus(report: Report, { hostname, nowMs }: Reporter): Promise<string> {
  const { envelopeId, queuedAtMs } = report.message;
  const common = [
    field('Reporting-MTA', `dns; ${hostname}`),
    envelopeId === undefined ? '' : field('Original-Envelope-Id', onlyAscii(printableLine(envelopeId))),
    field('Arrival-Date', dateTime(queuedAtMs)),
  ];
  const recipients = await madeInSlices(report.recipients, (each) => recipientFields(each, report, nowMs));
  return [common.join(''), ...recipients].join('\r\n');
}

/** RFC 3463 of what became of a recipient. */
export function statusOf({ action, reply, isExpired }: ReportedRecipient): string {
  const said = reply?.enhanced ?? '';
  const group = CLASSES[action];
  if (isExpired === true && !said.startsWith('5.')) return '4.4.7'; // Delivery time expired.
  const isCode = /^[245]\.\d{1,3}\.\d{1,3}$/.test(said);
  if (!isCode) return `${group}.0.0`;
  return action === 'failed' ? said.replace(/^\d/, group) : said;
}

const CLASSES: Readonly<Record<Action, string>> = {
  ...{ failed: '5', delayed: '4' },
  ...{ relayed: '2', delivered: '2', expanded: '2' },
};

function recipientFields(recipient: ReportedRecipient, { isInternational }: Report, nowMs: number): string {
  const { reply, originalRecipient, willRetryUntilMs } = recipient;
  return [
    originalRecipient === undefined ? '' : field('Original-Recipient', original(originalRecipient, isInternational)),
    field('Final-Recipient', address(recipient.recipient, isInternational)),
    field('Action', recipient.action),
    field('Status', statusOf(recipient)),
    reply?.host === undefined || reply.host.startsWith('/')
      ? ''
      : field('Remote-MTA', `dns; ${onlyAscii(printableLine(reply.host))}`),
    reply === undefined ? '' : field('Diagnostic-Code', diagnostic(reply)),
    field('Last-Attempt-Date', dateTime(nowMs)),
    willRetryUntilMs === undefined ? '' : field('Will-Retry-Until', dateTime(willRetryUntilMs)),
  ].join('');
}

/** The words of a server are of type smtp, ours are not (RFC 3464 §2.3.6). */
function diagnostic({ code, enhanced, text }: Reply): string {
  const said = printableLine(text).slice(0, TEXT_LIMIT_CHARACTERS);
  if (code === undefined) return `x-pennypost; ${onlyAscii(said)}`;
  return `smtp; ${[code, enhanced, onlyAscii(said)].filter((word) => word !== undefined && word !== '').join(' ')}`;
}

function address(text: string, isInternational: boolean): string {
  const plain = withoutBrackets(printableLine(text));
  if (isAscii(plain)) return `rfc822; ${plain}`;
  return `${UTF_8}; ${isInternational ? plain : escaped(plain)}`;
}

/** As its sender gave it: with its type in front. */
function original(text: string, isInternational: boolean): string {
  const [, type = 'rfc822', rest = text] = /^([A-Za-z0-9-]+);\s*(.*)$/s.exec(text) ?? [];
  const plain = withoutBrackets(printableLine(rest));
  if (isAscii(plain)) return `${type}; ${plain}`;
  return `${UTF_8}; ${isInternational ? plain : escaped(plain)}`;
}

/** RFC 6533 §3, utf-8-addr-xtext: for a report that must be ASCII. */
function escaped(text: string): string {
  return text.replace(
    /[^!-*,-<>-[\]-~]/gu,
    (found) => `\\x{${(found.codePointAt(0) as number).toString(16).toUpperCase()}}`,
  );
}

function onlyAscii(text: string): string {
  return text.replace(/[^ -~]/gu, '?');
}

export function withoutBrackets(path: string): string {
  return path.replace(/^<+|>+$/g, '');
}

/** Folded between words (RFC 5322 §2.2.3); a word stays whole. */
function field(name: string, value: string): string {
  let line = `${name}:`;
  const lines: string[] = [];
  for (const word of value.split(' ').filter((each) => each !== '')) {
    if (line.length + word.length >= LINE_CHARACTERS && line.trim() !== '' && line !== `${name}:`) {
      lines.push(line);
      line = '';
    }
    line += ` ${word}`;
  }
  return `${[...lines, line].join('\r\n')}\r\n`;
}
