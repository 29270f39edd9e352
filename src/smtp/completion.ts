/**
 * Completes the header of a message that somebody here submits (RFC 6409 §8): Bcc fields go, Date and Message-ID come where
 * they are missing, behind the other fields. Everything else passes byte for byte, and nothing is ever refused here.
 * Holds no more than the beginning of a line, however long lines and header are and wherever the pieces are cut.
 *
 * The header ends with the first empty line; a line in it that is no field is left there. A message whose first line is no
 * field has no header: it gets one, and the empty line behind it.
 */
import { Buffer } from 'node:buffer';
import { fieldName } from './field-name.js';

/** What a header gets that lacks them: whole lines, each ended by CRLF. */
export interface Missing {
  readonly date: string;
  readonly messageId: string;
}

const CR = 13;
const LF = 10;
const TAB = 9;
const SPACE = 32;
const CRLF = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);

/** What becomes of the bytes that come next. */
const enum At {
  LineStart,
  Kept,
  Dropped,
  Text,
}

export class HeaderCompletion {
  readonly #missing: Missing;
  #at = At.LineStart;
  /** The line's beginning while it is not known what it is. */
  #held: Buffer = NOTHING;
  #first = true;
  /** The field that a folded line would belong to is a Bcc. */
  #dropping = false;
  #dated = false;
  #named = false;

  constructor(missing: Missing) {
    this.#missing = missing;
  }

  /** What is to be written of the next piece: slices of it, and what is added between. */
  pass(piece: Uint8Array): readonly Uint8Array[] {
    if (this.#at === At.Text) return [piece];
    const bytes = Buffer.concat([this.#held, piece]);
    const kept = new Kept(bytes);
    this.#held = NOTHING;
    for (let from = 0; from < bytes.length;) from = this.#step(bytes, from, kept);
    return kept.pieces;
  }

  /** What is to be written behind the last piece. */
  end(): readonly Uint8Array[] {
    const kept = new Kept(this.#held);
    if (this.#held.length > 0) this.#judge('', kept);
    if (this.#at === At.Text) kept.slice(0, this.#held.length);
    else this.#endWithoutText(kept);
    return kept.pieces;
  }

  /** Takes what belongs together from `from` on; returns where the rest begins. */
  #step(bytes: Buffer, from: number, kept: Kept): number {
    switch (this.#at) {
      case At.LineStart:
        return this.#beginLine(bytes, from, kept);
      case At.Text:
        return kept.slice(from, bytes.length);
      default:
        return this.#passLine(bytes, from, kept);
    }
  }

  #beginLine(bytes: Buffer, from: number, kept: Kept): number {
    const byte = bytes[from];
    if (byte === CR || byte === LF) this.#endHeader(kept);
    else if (!this.#first && (byte === SPACE || byte === TAB))
      this.#at = this.#dropping ? At.Dropped : At.Kept; // Folded: it shares the fate of its field.
    else {
      const name = fieldName(bytes, from);
      if (name === undefined) return this.#hold(bytes, from);
      this.#judge(name, kept);
    }
    return from;
  }

  #hold(bytes: Buffer, from: number): number {
    this.#held = Buffer.from(bytes.subarray(from)); // A copy: the rest of the piece is not to be kept for it.
    return bytes.length;
  }

  /** It is known what the line is. `name` is empty for what is no field. */
  #judge(name: string, kept: Kept): void {
    if (this.#first && name === '') {
      this.#endHeader(kept);
      kept.add(CRLF);
      return;
    }
    this.#first = false;
    this.#dropping = name === 'bcc' || name === 'resent-bcc';
    this.#dated ||= name === 'date';
    this.#named ||= name === 'message-id';
    this.#at = this.#dropping ? At.Dropped : At.Kept;
  }

  #passLine(bytes: Buffer, from: number, kept: Kept): number {
    const end = bytes.indexOf(LF, from);
    const next = end === -1 ? bytes.length : end + 1;
    if (this.#at === At.Kept) kept.slice(from, next);
    if (end !== -1) this.#at = At.LineStart;
    return next;
  }

  #endHeader(kept: Kept): void {
    kept.add(this.#lacking());
    this.#at = At.Text;
  }

  /** The message was all header, or nothing at all. */
  #endWithoutText(kept: Kept): void {
    const lacking = this.#lacking();
    kept.slice(0, this.#held.length);
    if (this.#at === At.Kept && lacking.length > 0) kept.add(CRLF);
    kept.add(lacking);
    if (this.#first) kept.add(CRLF);
  }

  #lacking(): Buffer {
    const { date, messageId } = this.#missing;
    return Buffer.from((this.#dated ? '' : date) + (this.#named ? '' : messageId));
  }
}

/** What is kept of some bytes: as few slices as can be, since each costs memory until it is stored. */
class Kept {
  readonly #bytes: Buffer;
  readonly #pieces: Uint8Array[] = [];
  #from = 0;
  #to = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  slice(from: number, to: number): number {
    if (from !== this.#to) {
      this.#cut();
      this.#from = from;
    }
    this.#to = to;
    return to;
  }

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#cut();
    this.#pieces.push(bytes);
  }

  get pieces(): readonly Uint8Array[] {
    this.#cut();
    return this.#pieces;
  }

  #cut(): void {
    if (this.#to > this.#from) this.#pieces.push(this.#bytes.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
