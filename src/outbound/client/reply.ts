/**
 * What a server answered, or why nothing is answered any more. Whatever it said becomes one line without control characters and
 * of a bounded length, before anybody else sees it.
 */
import { isUtf8 } from 'node:buffer';
import { printableLine } from '../../message/printable.js';
import { REPLY_TEXT_LIMIT } from './limits.js';
import type { Secrets } from './secrets.js';

/** RFC 5321 §4.2. */
export interface Reply {
  readonly kind: 'reply';
  readonly code: number;
  /** The enhanced code of RFC 3463, if it has one of the reply's own class. */
  readonly status?: string;
  /** Without what a login said. */
  readonly text: string;
  /** The lines without the code, as they came, an octet a character. */
  readonly lines: readonly string[];
}

/** There is no connection any more. */
export interface Broken {
  readonly kind: 'broken';
  /** What the server said last, where that was why: 421, or a refusal that nothing had asked for. */
  readonly reply?: Reply;
  readonly status: string;
  readonly text: string;
}

export type Answer = Reply | Broken;

/** The server is about to close (RFC 5321 §3.8). */
export const CLOSING = 421;

const STATUS = /^([245])\.\d{1,3}\.\d{1,3}(?![^ ])/;

export function replyOf(code: number, lines: readonly string[], secrets?: Secrets): Reply {
  const status = STATUS.exec(lines[0] ?? '');
  const isOwn = status?.[1] === String(code).charAt(0);
  let text: string | undefined;
  return {
    ...{ kind: 'reply', code, ...(isOwn && { status: status[0] }), lines },
    /** Of most nobody asks for it, and to look for secrets takes long. */
    get text() {
      return (text ??= textOf(lines, secrets));
    },
  };
}

export function broken(status: string, text: string, reply?: Reply): Broken {
  return { kind: 'broken', status, text, ...(reply !== undefined && { reply }) };
}

/** 2yz. */
export function isPositive({ code }: Reply): boolean {
  return code >= 200 && code < 300;
}

/** 4yz or 5yz. */
export function isNegative({ code }: Reply): boolean {
  return code >= 400;
}

function textOf(lines: readonly string[], secrets: Secrets | undefined): string {
  const text = lines.map((line) => line.replace(STATUS, '').trim()).join(' ');
  const line = printableLine(decoded(text)).trim();
  return bounded(secrets?.hidden(line) ?? line);
}

/** Replies have no charset: UTF-8 if they can be, and else what is not ASCII is shown as unknown. */
function decoded(octets: string): string {
  const bytes = Buffer.from(octets, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : octets.replace(/[\x80-\xff]/g, '\ufffd');
}

/** Not in the middle of a character. */
export function bounded(text: string): string {
  return text.length <= REPLY_TEXT_LIMIT ? text : `${text.slice(0, REPLY_TEXT_LIMIT).replace(/[\ud800-\udbff]$/, '')}…`;
}
