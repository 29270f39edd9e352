/**
 * Begins every message so that nothing of it runs into the trace headers before it, as Postfix does. What does not begin with a field
 * is text, and an empty line is put before it: a first line that begins with a blank would continue our Received field. A first line of
 * mailbox files (`From alice@example.org Mon Jul 29 …`), which some programs send along, becomes a field, since fields follow it.
 * All else passes byte for byte. Holds no more than the beginning of a line, wherever the pieces are cut.
 */
import { Buffer } from 'node:buffer';
import type { Edit } from './edited-delivery.js';
import { fieldName } from './field-name.js';
import { Kept } from './kept.js';

const CR = 13;
const LF = 10;
const QUOTE = 62;
const CRLF = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);

const MAILBOX_LINE = 'From ';
/** As Postfix and sendmail call it. */
const MAILBOX_LINE_FIELD = Buffer.from('X-Mailbox-Line: ');
/** Each grows by the name of the field. What follows so many is text. */
export const MAILBOX_LINES_LIMIT = 100;

const enum At {
  LineStart,
  MailboxLine,
  Rest,
}

export class MessageStart implements Edit {
  #at = At.LineStart;
  /** The line's beginning while it is not known what it is. */
  #held: Buffer = NOTHING;
  #mailboxLines = 0;

  get isOver(): boolean {
    return this.#at === At.Rest;
  }

  pass(piece: Uint8Array): readonly Uint8Array[] {
    const bytes = this.#held.length === 0 ? viewOf(piece) : Buffer.concat([this.#held, piece]);
    const kept = new Kept(bytes);
    this.#held = NOTHING;
    for (let from = 0; from < bytes.length;) from = this.#step(bytes, from, kept);
    return kept.pieces;
  }

  /** A line that broke off before its colon is no field. */
  end(): readonly Uint8Array[] {
    const kept = new Kept(this.#held);
    if (this.#held.length > 0) this.#judge(this.#held, 0, kept);
    kept.slice(0, this.#held.length);
    return kept.pieces;
  }

  #step(bytes: Buffer, from: number, kept: Kept): number {
    switch (this.#at) {
      case At.LineStart:
        return this.#beginLine(bytes, from, kept);
      case At.MailboxLine:
        return this.#passLine(bytes, from, kept);
      case At.Rest:
        return kept.slice(from, bytes.length);
    }
  }

  #beginLine(bytes: Buffer, from: number, kept: Kept): number {
    if (bytes[from] === CR || bytes[from] === LF) this.#at = At.Rest;
    else {
      const name = fieldName(bytes, from);
      if (name === undefined) return this.#hold(bytes, from);
      if (name === '') this.#judge(bytes, from, kept);
      else this.#at = At.Rest;
    }
    return from;
  }

  #hold(bytes: Buffer, from: number): number {
    this.#held = Buffer.from(bytes.subarray(from)); // A copy: the rest of the piece is not to be kept for it.
    return bytes.length;
  }

  /** A line that is no field begins at `from`. */
  #judge(bytes: Buffer, from: number, kept: Kept): void {
    if (isMailboxLine(bytes, from) && this.#mailboxLines < MAILBOX_LINES_LIMIT) {
      kept.add(MAILBOX_LINE_FIELD);
      this.#mailboxLines += 1;
      this.#at = At.MailboxLine;
    } else {
      kept.add(CRLF);
      this.#at = At.Rest;
    }
  }

  #passLine(bytes: Buffer, from: number, kept: Kept): number {
    const end = bytes.indexOf(LF, from);
    if (end !== -1) this.#at = At.LineStart;
    return kept.slice(from, end === -1 ? bytes.length : end + 1);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Quoted, perhaps again and again, where it came out of a mailbox file. */
function isMailboxLine(bytes: Buffer, from: number): boolean {
  let at = from;
  while (bytes[at] === QUOTE) at += 1;
  return bytes.toString('latin1', at, at + MAILBOX_LINE.length) === MAILBOX_LINE;
}
