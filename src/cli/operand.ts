/**
 * Turns operands into addresses, domains and numbers. What is none of these is a UsageError that shows how one looks.
 */
import { domainName, longDurationMs } from '../config/units.js';
import { formatAddress, parseMailbox } from '../message/mailbox.js';
import { readPath } from '../message/path.js';
import type { Address } from '../store/shapes.js';
import { UsageError, type Operand } from './command.js';
import { typed } from './typed.js';

export const addressOperand: Operand = { name: 'ADDRESS', doc: 'an address such as alice@localhost' };

export function address(text = ''): Address {
  const parsed = parseMailbox(text);
  if (parsed === undefined) throw new UsageError(`'${text}' is no address; one looks like alice@localhost`);
  return parsed;
}

/** An address in an envelope: what SMTP takes as a sender or a recipient, and how it was given. */
export function envelopeAddress(text = ''): { readonly text: string; readonly address: Address } {
  const read = readPath(`<${text}>`);
  const { mailbox, text: written } = read?.rest === '' ? read.path : {};
  if (mailbox?.domain === undefined || written === undefined)
    throw new UsageError(`'${text}' is no address; one looks like alice@localhost`);
  return { text: written, address: { local: mailbox.local, domain: mailbox.domain } };
}

export const NULL_PATH = '<>';

/** A sender as an envelope has it: empty for the null reverse-path. */
export function reversePath(text: string): string {
  return text === NULL_PATH ? '' : envelopeAddress(text).text;
}

/** An address that may have a maildrop. */
export function accountAddress(text?: string): Address {
  const parsed = address(text);
  if (parsed.local === '*')
    throw new UsageError(`'${formatAddress(parsed)}' is no account; 'pennypost alias add' makes a catch-all of it`);
  return parsed;
}

export function domain(text = ''): string {
  return typed(text, domainName, () => `'${text}' is no domain name; one looks like example.org`);
}

const MOMENT = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)?Z?$/i;

/** A moment that is past, in milliseconds: a duration, which is so long ago, or a date in UTC, as lists show it. */
export function pastMoment(text: string, nowMs = Date.now()): number {
  const atMs = dateOf(text) ?? nowMs - duration(text);
  if (!(atMs <= nowMs)) throw new UsageError(`'${text}' is no moment that is past`);
  return atMs;
}

/** A date in UTC, whenever it is, in milliseconds. */
export function anyMoment(text: string): number {
  const atMs = dateOf(text);
  if (atMs === undefined || Number.isNaN(atMs))
    throw new UsageError(`'${text}' is no date; one looks like 2026-12-31, or '2026-12-31 23:59:59Z'`);
  return atMs;
}

/** Undefined for what does not look like one; NaN for a day that no month has. */
function dateOf(text: string): number | undefined {
  if (!MOMENT.test(text)) return undefined;
  return Date.parse(`${text.replace(/z$/i, '').replace(' ', 'T')}${text.length > DAY_CHARACTERS ? 'Z' : ''}`);
}

const DAY_CHARACTERS = '2026-12-31Z'.length;

function duration(text: string): number {
  const mistake = `'${text}' is no moment; one looks like 2h, which is so long ago, or '2026-12-31 23:59:59Z'`;
  return typed(text, longDurationMs, () => mistake);
}

/** A message's number, as `mail list` shows it. */
export function messageNumber(text = ''): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError(`'${text}' is no message number; they count from 1`);
  return Number(text);
}
