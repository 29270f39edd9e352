/**
 * A stage that changes a message's header while it passes: an editor is told of each line, says which go on, and adds its own between
 * them. The text goes on as it is. Holds no more than the beginning of a line, however long lines and header are and wherever the pieces
 * are cut; refuses nothing.
 */
import type { Buffer } from 'node:buffer';
import { CRLF_OCTETS } from '../bytes/line-ends.js';
import { viewOf } from '../bytes/view.js';
import type { WantedNames } from './field-name.js';
import { HeaderScanner, type HeaderHandler } from './header-scanner.js';
import { Kept } from './kept.js';
import type { Next, Stage } from './stage.js';

export interface HeaderEditor {
  /** Of the fields that it is told of by name. */
  readonly names: WantedNames;
  /** A field begins; `name` is empty when it is none of those. */
  field(name: string): void;
  /** A line begins that is no field, as when a program forgets the empty line. */
  malformed(): void;
  /** Whether these octets of the line that began last go on. They are good until this returns. */
  keeps(bytes: Buffer, from: number, to: number): boolean;
  /** The empty line follows. */
  endOfHeader(): void;
  /** The message was all header, or nothing at all. */
  endOfMessage(): void;
}

/** What an editor puts behind the lines that have gone on. */
export interface HeaderOutput {
  add(lines: Uint8Array): void;
  /** Ends the last line that went on, if the message ended within it. */
  endLine(): void;
}

export class HeaderStage implements Stage<never>, HeaderHandler, HeaderOutput {
  readonly #editor: HeaderEditor;
  readonly #scanner: HeaderScanner;
  readonly #kept = new Kept();
  /** The last line that was kept is not whole. */
  #isInLine = false;

  constructor(make: (output: HeaderOutput) => HeaderEditor) {
    this.#editor = make(this);
    this.#scanner = new HeaderScanner(this, this.#editor.names);
  }

  get isOver(): boolean {
    return this.#scanner.isOver;
  }

  write(piece: Uint8Array, next: Next): undefined {
    const bytes = viewOf(piece);
    this.#kept.slice(bytes, this.#scanner.scan(bytes), bytes.length);
    this.#kept.handOn(next);
  }

  end(next: Next): undefined {
    this.#scanner.end();
    if (!this.#scanner.isOver) this.#editor.endOfMessage();
    this.#kept.handOn(next);
  }

  add(lines: Uint8Array): void {
    this.#kept.add(lines);
  }

  endLine(): void {
    if (this.#isInLine) this.#kept.add(CRLF_OCTETS);
    this.#isInLine = false;
  }

  field(name: string): void {
    this.#editor.field(name);
  }

  malformed(): void {
    this.#editor.malformed();
  }

  octets(bytes: Buffer, from: number, to: number, endsLine: boolean): void {
    if (!this.#editor.keeps(bytes, from, to)) return;
    this.#kept.slice(bytes, from, to);
    this.#isInLine = !endsLine;
  }

  endOfHeader(): void {
    this.#editor.endOfHeader();
  }
}
