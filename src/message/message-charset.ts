/**
 * Which charset a message names: that of its Content-Type, or of its first part that is text. What the octets of a header field
 * mean is said nowhere else, where a sender did not encode them. Reads no more than it is given, once, and never throws.
 */

/** With `*`, as RFC 2231 §4 writes it, a charset and a language may stand before the value. */
const CHARSET = /;\s*charset(\*(?:0\*?)?)?\s*=\s*["']?\s*([^";\s()]{1,120})/i;
/** What follows a line of dashes is the header of a part, up to an empty line. */
const PART = /^--.*\r\n((?:.+\r\n)*)/gm;
const TEXT_TYPE = /^content-type:\s*(text\/.*)/im;
const FOLD = /\r\n(?=[ \t])/g;
/** A part that comes later is not looked for. */
const LOOKED_BYTES = 16 * 1024;

/** `contentType` is the value of such a field. */
export function charsetOf(contentType: string): string | undefined {
  const [, extended, value] = CHARSET.exec(contentType) ?? [];
  return extended?.endsWith('*') === true ? value?.slice(value.lastIndexOf("'") + 1) : value?.replace(/'$/, '');
}

/** `body` is what follows the header of a message in parts. */
export function charsetOfFirstText(body: Buffer): string | undefined {
  for (const [, header = ''] of body.toString('latin1', 0, LOOKED_BYTES).matchAll(PART)) {
    const [, type] = TEXT_TYPE.exec(header.replace(FOLD, '')) ?? [];
    const charset = type && charsetOf(type);
    if (charset !== undefined && charset !== '') return charset;
  }
  return undefined;
}
