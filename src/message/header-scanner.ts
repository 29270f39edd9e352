/**
 * Takes a message's header apart while it passes, the same way wherever the pieces are cut (RFC 5322 §2.2), and tells a handler of each
 * line what it is, before it hands over the line's octets. Changes, drops and refuses nothing.
 *
 * LF ends a line. The header ends before the first line that is empty or begins with a CR, or never. Holds no more than the beginning
 * of a line until it is known what it is, and looks at no octet of it twice, however long lines and header are.
 */
import { Buffer } from 'node:buffer';
import { CR, LF } from '../bytes/line-ends.js';
import { FieldName, isBlank, NAME_LIMIT_BYTES, type WantedNames } from './field-name.js';

/** Where octets stand. They are good until the handler returns. */
export interface HeaderHandler {
  /** A field begins. `name` is empty when it is none of those wanted; `isObsolete`: there are blanks before its colon, or too many for one. */
  field?(name: string, isObsolete: boolean): void;
  /** A line begins that continues the one before (RFC 5322 §2.2.3). */
  continuation?(): void;
  /** A line begins that is neither. As much of it as had to be seen stands between `from` and `to`, or more. */
  malformed?(bytes: Buffer, from: number, to: number): void;
  /** What stands between `from` and `to` belongs to the line that began last. */
  octets?(bytes: Buffer, from: number, to: number, endsLine: boolean): void;
  /** The header is over: the empty line and the text follow, and are not handed over. */
  endOfHeader?(): void;
}

export class HeaderScanner {
  readonly #handler: HeaderHandler;
  readonly #wanted: WantedNames;
  readonly #name = new FieldName();
  /** The line's beginning while it is not known what it is. */
  #held: Buffer | undefined;
  #heldOctets = 0;
  #isInLine = false;
  #isOver = false;

  constructor(handler: HeaderHandler, wanted: WantedNames) {
    this.#handler = handler;
    this.#wanted = wanted;
  }

  /** Whether the empty line was seen. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes a piece; returns where in it the empty line begins, or the piece's end. */
  scan(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && !this.#isOver) at = this.step(bytes, at);
    return at;
  }

  /** Takes what belongs together from `from` on, of a header that is not over; returns where the rest begins. */
  step(bytes: Buffer, from: number): number {
    if (this.#isInLine) return this.#passLine(bytes, from);
    return this.#held === undefined ? this.#beginLine(bytes, from) : this.#goOn(this.#held, bytes, from);
  }

  /** Nothing follows: a line that broke off before its colon is no field. */
  end(): void {
    if (this.#held !== undefined) this.#tellHeld(this.#held, this.#heldOctets, false);
  }

  #beginLine(bytes: Buffer, from: number): number {
    const byte = bytes[from] as number;
    if (byte === CR || byte === LF) {
      this.#isOver = true;
      this.#handler.endOfHeader?.();
    } else if (isBlank(byte)) {
      this.#isInLine = true;
      this.#handler.continuation?.();
    } else {
      const isField = this.#name.read(bytes, from, bytes.length);
      if (isField === undefined) return this.#hold(bytes, from);
      this.#tell(bytes, from, isField);
    }
    return from;
  }

  /** A copy: what comes is good for now only, and the rest of the piece is not to be kept for it. */
  #hold(bytes: Buffer, from: number): number {
    this.#held = Buffer.allocUnsafe(NAME_LIMIT_BYTES);
    this.#heldOctets = bytes.copy(this.#held, 0, from);
    return bytes.length;
  }

  /** The beginning of a line goes on in another piece. */
  #goOn(held: Buffer, bytes: Buffer, from: number): number {
    const octets = this.#heldOctets + bytes.copy(held, this.#heldOctets, from);
    const isField = this.#name.read(held, 0, octets);
    if (isField !== undefined) {
      this.#tellHeld(held, octets, isField);
      return from;
    }
    this.#heldOctets = octets;
    return bytes.length;
  }

  /** `octets`: how many are known of the line. Those that were held are handed over from here. */
  #tellHeld(held: Buffer, octets: number, isField: boolean): void {
    this.#held = undefined;
    this.#tell(held.subarray(0, octets), 0, isField);
    this.#handler.octets?.(held, 0, this.#heldOctets, false);
  }

  #tell(bytes: Buffer, from: number, isField: boolean): void {
    this.#isInLine = true;
    const { length, hasBlanks } = this.#name;
    this.#name.reset();
    if (!isField) this.#handler.malformed?.(bytes, from, Math.min(bytes.length, from + NAME_LIMIT_BYTES));
    else this.#handler.field?.(this.#wanted.find(bytes, from, length), hasBlanks);
  }

  #passLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(LF, from);
    const to = end === -1 ? bytes.length : end + 1;
    this.#isInLine = end === -1;
    this.#handler.octets?.(bytes, from, to, end !== -1);
    return to;
  }
}

/** Of a message whose lines end with CRLF, and whose beginning lies there: where its text begins, or the end of what is there. */
export function endOfHeader(first: Buffer): number {
  if (first[0] === CR && first[1] === LF) return 2;
  const end = first.indexOf('\r\n\r\n');
  return end === -1 ? first.length : end + 4;
}
