/**
 * Completes the header of a message that somebody here submits (RFC 6409 §8): Bcc fields go, Date and Message-ID come where
 * they are missing, behind the other fields. Everything else passes byte for byte, and nothing is ever refused here.
 * Holds no more than the beginning of a line, however long lines and header are and wherever the pieces are cut.
 *
 * The header ends with the first empty line. A line that is no field, as when a program forgets the empty line, ends it too: one is put
 * before it, so that all programs read the rest as text. A Bcc goes until the sender's own empty line: it may follow a broken line.
 */
import { Buffer } from 'node:buffer';
import type { Edit } from './edited-delivery.js';
import { fieldName } from './field-name.js';
import { Kept } from './kept.js';

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

export class HeaderCompletion implements Edit {
  readonly #missing: Missing;
  #at = At.LineStart;
  /** The line's beginning while it is not known what it is. */
  #held: Buffer = NOTHING;
  #empty = true;
  /** A line that is no field came before the empty one. */
  #ended = false;
  /** The field that a folded line would belong to is a Bcc. */
  #dropping = false;
  #dated = false;
  #named = false;

  constructor(missing: Missing) {
    this.#missing = missing;
  }

  get isOver(): boolean {
    return this.#at === At.Text;
  }

  pass(piece: Uint8Array): readonly Uint8Array[] {
    if (this.#at === At.Text) return [piece];
    const bytes = Buffer.concat([this.#held, piece]);
    const kept = new Kept(bytes);
    this.#held = NOTHING;
    for (let from = 0; from < bytes.length;) from = this.#step(bytes, from, kept);
    return kept.pieces;
  }

  end(): readonly Uint8Array[] {
    const kept = new Kept(this.#held);
    if (this.#held.length > 0) this.#judge('', kept);
    kept.slice(0, this.#held.length);
    if (this.#at !== At.Text && !this.#ended) this.#endWithoutText(kept);
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
    if (byte === CR || byte === LF) this.#beginText(kept);
    else if (byte === SPACE || byte === TAB)
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
    if (name === '') this.#endHeader(kept);
    this.#empty = false;
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

  #beginText(kept: Kept): void {
    if (!this.#ended) kept.add(this.#lacking());
    this.#at = At.Text;
  }

  #endHeader(kept: Kept): void {
    if (this.#ended) return;
    kept.add(this.#lacking());
    kept.add(CRLF);
    this.#ended = true;
  }

  /** The message was all header, or nothing at all. */
  #endWithoutText(kept: Kept): void {
    const lacking = this.#lacking();
    if (this.#at === At.Kept && lacking.length > 0) kept.add(CRLF);
    kept.add(lacking);
    if (this.#empty) kept.add(CRLF);
  }

  #lacking(): Buffer {
    const { date, messageId } = this.#missing;
    return Buffer.from((this.#dated ? '' : date) + (this.#named ? '' : messageId));
  }
}
