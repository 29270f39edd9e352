/**
 * Text that somebody sent, as people may see it on a terminal: without what moves a cursor, hides what follows, or turns the
 * direction of reading. Messages themselves are never changed; this is for what is shown of them. The views of a database say the
 * same in SQL, and the log escapes the same characters.
 */

/** C0, DEL, C1, LINE and PARAGRAPH SEPARATOR, and the marks that change direction. */
// eslint-disable-next-line no-control-regex -- exactly what must not reach a terminal
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
/** The same, but for tabs and ends of lines; a CR alone writes over its line. */
// eslint-disable-next-line no-control-regex -- as above
const UNPRINTABLE_IN_LINES = /\r(?!\n)|[\x00-\x08\v\f\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const BLANK = /[\t-\r]/g;

/** For one line: tabs and ends of lines become spaces. */
export function printableLine(text: string): string {
  return text.replace(BLANK, ' ').replace(UNPRINTABLE, '');
}

/** For text in lines. */
export function printableText(text: string): string {
  return text.replace(UNPRINTABLE_IN_LINES, '');
}

/** Octets that come in pieces, as `printableText`; what is not UTF-8 becomes U+FFFD. */
export class PrintableDecoder {
  readonly #decoder = new TextDecoder();
  /** A CR whose LF may come with the next piece. */
  #held = '';

  pass(piece: Uint8Array): string {
    const text = this.#held + this.#decoder.decode(piece, { stream: true });
    this.#held = text.endsWith('\r') ? '\r' : '';
    return printableText(this.#held === '' ? text : text.slice(0, -1));
  }

  end(): string {
    return printableText(this.#held + this.#decoder.decode());
  }
}
