/**
 * Reads the beginning of a header line as far as it takes to know which field it is (RFC 5322 §2.2), or that it is none:
 *
 *   field      = 1*ftext *WSP ":" …
 *   ftext      = printable US-ASCII but ":"
 *
 * Blanks before the colon are of the obsolete syntax (§4.5), which must be read. Looks no further than a line may be long.
 */
import type { Buffer } from 'node:buffer';

/** RFC 5322 §2.1.1: no line is longer, so what has no colon until here is no field. */
const NAME_LIMIT_BYTES = 998;
const TAB = 9;
const SPACE = 32;
const COLON = 58;
const DELETE = 127;

/**
 * The name of the field that begins at `from`, in lower case; empty when the line is none, undefined when more must be seen.
 * A name with so many blanks behind it that no colon can follow in time counts as a field: a Bcc must not get through like that.
 */
export function fieldName(bytes: Buffer, from: number): string | undefined {
  const limit = Math.min(bytes.length, from + NAME_LIMIT_BYTES);
  let nameEnd = from;
  while (nameEnd < limit && isFieldText(bytes[nameEnd] as number)) nameEnd += 1;
  let end = nameEnd;
  while (end < limit && isBlank(bytes[end] as number)) end += 1;
  const isTooLong = end - from === NAME_LIMIT_BYTES;
  if (end === bytes.length && !isTooLong) return undefined;
  const isField = isTooLong ? end > nameEnd : bytes[end] === COLON;
  return isField ? bytes.toString('latin1', from, nameEnd).toLowerCase() : '';
}

function isFieldText(byte: number): boolean {
  return byte > SPACE && byte < DELETE && byte !== COLON;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
