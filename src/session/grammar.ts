/**
 * How a command's argument is read: the whole of it or not at all. A grammar never repairs what it reads.
 * The text is what follows the verb and one space, decoded as UTF-8, without the CRLF.
 */

export type Parsed<A> = { readonly ok: true; readonly value: A } | { readonly ok: false; readonly why?: string };

/** `why` completes the refusal when there is more to say than "syntax error". */
export type Grammar<A> = (text: string) => Parsed<A>;

export function parsed<A>(value: A): Parsed<A> {
  return { ok: true, value };
}

export const unparsed: Parsed<never> = { ok: false };

export function because(why: string): Parsed<never> {
  return { ok: false, why };
}

/** No argument at all; trailing spaces are tolerated, as RFC 5321 §4.1.1 asks of receivers. */
export const nothing: Grammar<undefined> = (text) => (/^ *$/.test(text) ? parsed(undefined) : unparsed);

/** Trailing spaces are tolerated, as above; what else may pass for white space somewhere, such as a tab or U+2028, is not. */
export function withoutTrailingSpaces(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === ' ') end -= 1;
  return text.slice(0, end);
}

/** Anything, also nothing. */
export const anything: Grammar<string> = (text) => parsed(text);

/** One word without spaces. */
export const word: Grammar<string> = (text) => (/^[^ ]+$/.test(text) ? parsed(text) : unparsed);

export function optional<A>(grammar: Grammar<A>): Grammar<A | undefined> {
  return (text) => (text === '' ? parsed(undefined) : grammar(text));
}

/** Unsigned decimal of at most so many digits, as 1*DIGIT in RFC 5234. */
export function decimal(text: string, digits: number): number | undefined {
  return text.length >= 1 && text.length <= digits && /^[0-9]+$/.test(text) ? Number(text) : undefined;
}
