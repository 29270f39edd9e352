/**
 * Begins every message so that nothing of it runs into the trace headers before it, as Postfix does. What does not begin with a field
 * is text, and an empty line is put before it: a first line that begins with a blank would continue our Received field. A first line of
 * mailbox files (`From alice@example.org Mon Jul 29 …`), which some programs send along, becomes a field, since fields follow it.
 * All else passes byte for byte. Holds no more than the beginning of a line, wherever the pieces are cut.
 */
import { Buffer } from 'node:buffer';
import { CRLF_OCTETS } from '../bytes/line-ends.js';
import { viewOf } from '../bytes/view.js';
import { WantedNames } from './field-name.js';
import { HeaderScanner, type HeaderHandler } from './header-scanner.js';
import { Kept } from './kept.js';
import type { Next, Stage } from './stage.js';

const NAMES = new WantedNames();
const QUOTE = 62;

const MAILBOX_LINE = 'From ';
/** As Postfix and sendmail call it. */
const MAILBOX_LINE_FIELD = Buffer.from('X-Mailbox-Line: ');
/** Each grows by the name of the field. What follows so many is text. */
export const MAILBOX_LINES_LIMIT = 100;

export class MessageStart implements Stage<never>, HeaderHandler {
  readonly #scanner = new HeaderScanner(this, NAMES);
  readonly #kept = new Kept();
  #mailboxLines = 0;
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  write(piece: Uint8Array, next: Next): undefined {
    const bytes = viewOf(piece);
    let at = 0;
    while (at < bytes.length && !this.#isOver) at = this.#scanner.step(bytes, at);
    this.#kept.slice(bytes, at, bytes.length);
    this.#kept.handOn(next);
  }

  end(next: Next): undefined {
    this.#scanner.end();
    this.#kept.handOn(next);
  }

  field(): void {
    this.#isOver = true;
  }

  endOfHeader(): void {
    this.#isOver = true;
  }

  continuation(): void {
    this.#beginText();
  }

  malformed(bytes: Buffer, from: number, to: number): void {
    if (!isMailboxLine(bytes, from, to) || this.#mailboxLines === MAILBOX_LINES_LIMIT) return this.#beginText();
    this.#kept.add(MAILBOX_LINE_FIELD);
    this.#mailboxLines += 1;
  }

  octets(bytes: Buffer, from: number, to: number): void {
    this.#kept.slice(bytes, from, to);
  }

  #beginText(): void {
    this.#kept.add(CRLF_OCTETS);
    this.#isOver = true;
  }
}

/** Quoted, perhaps again and again, where it came out of a mailbox file. */
function isMailboxLine(bytes: Buffer, from: number, to: number): boolean {
  let at = from;
  while (at < to && bytes[at] === QUOTE) at += 1;
  return bytes.toString('latin1', at, Math.min(to, at + MAILBOX_LINE.length)) === MAILBOX_LINE;
}
