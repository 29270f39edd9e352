/**
 * How a command's argument is read: the whole of it or not at all. A grammar never repairs what it reads.
 * The text is what follows the verb, without the blanks around it and the CRLF; between words there may be any number of blanks.
 * A blank is a space or a tab: what else may pass for white space somewhere, such as U+00A0 or U+2028, is a character like others.
 */

const SPACE = 0x20;
const TAB = 0x09;

export type Parsed<A> = { readonly ok: true; readonly value: A } | { readonly ok: false; readonly why?: string };

/**
 * `isUtf8`: otherwise the text is Latin-1, and only commands that take such see it (`octets` of a row).
 * `why` completes the refusal when there is more to say than "syntax error".
 */
export type Grammar<A> = (text: string, isUtf8?: boolean) => Parsed<A>;

export function parsed<A>(value: A): Parsed<A> {
  return { ok: true, value };
}

export const unparsed: Parsed<never> = { ok: false };

export function because(why: string): Parsed<never> {
  return { ok: false, why };
}

/** No argument at all. */
export const nothing: Grammar<undefined> = (text) => (text === '' ? parsed(undefined) : unparsed);

/** RFC 5321 §4.1.1 asks receivers to tolerate trailing white space; Postfix and Dovecot do before an argument too. */
export function withoutBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** The words of a text that begins and ends with one; none of an empty text. */
export function wordsOf(text: string): readonly string[] {
  return text === '' ? [] : text.split(/[ \t]+/);
}

/** Anything, also nothing. */
export const anything: Grammar<string> = (text) => parsed(text);

/** One word without blanks. */
export const word: Grammar<string> = (text) => (/^[^ \t]+$/.test(text) ? parsed(text) : unparsed);

export function optional<A>(grammar: Grammar<A>): Grammar<A | undefined> {
  return (text, isUtf8) => (text === '' ? parsed(undefined) : grammar(text, isUtf8));
}

/** Unsigned decimal of at most so many digits, as 1*DIGIT in RFC 5234. */
export function decimal(text: string, digits: number): number | undefined {
  return text.length >= 1 && text.length <= digits && /^[0-9]+$/.test(text) ? Number(text) : undefined;
}
