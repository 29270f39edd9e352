/**
 * The parameters behind a path (RFC 5321 §4.1.2):
 *
 *   Mail-parameters = esmtp-param *(SP esmtp-param)         ; read with any number of blanks between
 *   esmtp-param     = esmtp-keyword ["=" esmtp-value]
 */
import { withoutBlanks, wordsOf } from '../session/grammar.js';

/**
 * Keywords in upper case. Of one given twice the last counts, as in Postfix, but for those that may be given once alone: that, or a
 * malformed one, makes the whole list undefined.
 */
export type Parameters = ReadonlyMap<string, string | undefined>;

/** RFC 3461 §4.5, RFC 4865. */
const ONCE: ReadonlySet<string> = new Set(['RET', 'ENVID', 'NOTIFY', 'ORCPT', 'HOLDFOR', 'HOLDUNTIL']);
const NONE: Parameters = new Map();

// eslint-disable-next-line no-control-regex -- esmtp-value is any printable but "=" and space; RFC 6531 adds UTF-8
const PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^= \x00-\x1f\x7f]+))?$/;

/** `text` begins right behind the closing bracket. */
export function readParameters(text: string): Parameters | undefined {
  if (text === '') return NONE;
  if (/^[^ \t]/.test(text)) return undefined;
  const parameters = new Map<string, string | undefined>();
  for (const part of wordsOf(withoutBlanks(text))) {
    const match = PARAMETER.exec(part);
    const keyword = match?.[1]?.toUpperCase();
    if (keyword === undefined || (ONCE.has(keyword) && parameters.has(keyword))) return undefined;
    parameters.set(keyword, match?.[2]);
  }
  return parameters;
}
