/** How messages and lists are sent: byte-stuffed, in pieces, only as fast as the client takes them. */
import { Buffer } from 'node:buffer';
import { DotStuffer } from '../bytes/dots.js';
import { LF } from '../bytes/line-ends.js';
import { viewOf } from '../bytes/view.js';
import { WantedNames } from '../message/field-name.js';
import { HeaderScanner } from '../message/header-scanner.js';
import { whenReady } from '../runtime/when-ready.js';
import type { MessageInfo } from '../store/maildrops.js';
import type { MaybePromise } from '../store/shapes.js';
import { ArraySource, type Source } from '../store/source.js';
import type { Listing, Numbered } from './listing.js';

const NO_NAMES = new WantedNames();
const NOTHING: readonly Buffer[] = [];
const EMPTY = Buffer.alloc(0);
/** Lines are counted in so much at once: in a chunk of the store's may stand a hundred thousand. */
const PART_BYTES = 8 * 1024;

/** A whole message (RFC 1939 §5 RETR). One that is there already is stuffed at once: a small one costs less so than its iterators. */
export function stuffed(message: Source): Source {
  if (!(message instanceof ArraySource)) return new Stuffed(message, everything);
  const stuffer = new DotStuffer();
  const octets: Uint8Array[] = [];
  for (const piece of (message as ArraySource).pieces)
    for (const slice of stuffer.pass(viewOf(piece))) octets.push(slice);
  return new ArraySource(octets);
}

/** The header, the empty line and so many lines of the text (RFC 1939 §7 TOP); reads no further than that. */
export function top(message: Source, lines: number): Source {
  return new Stuffed(new Parts(message), new LineCounter(lines));
}

/** What of each piece is wanted, and whether that was all. */
interface Wanted {
  take(piece: Buffer): Buffer;
  readonly done: boolean;
}

const everything: Wanted = { take: (piece) => piece, done: false };

class Stuffed implements Source {
  readonly #message: Source;
  readonly #wanted: Wanted;
  readonly #stuffer = new DotStuffer();
  #slices: Iterator<Buffer> = NOTHING.values();

  constructor(message: Source, wanted: Wanted) {
    this.#message = message;
    this.#wanted = wanted;
  }

  next(): MaybePromise<Uint8Array | undefined> {
    for (;;) {
      const slice = this.#slices.next();
      if (slice.done !== true) return slice.value;
      if (this.#wanted.done) return this.#end();
      const piece = this.#message.next();
      if (piece instanceof Promise) return piece.then((came) => (this.#take(came) ? this.next() : undefined));
      if (!this.#take(piece)) return undefined;
    }
  }

  close(): void {
    this.#message.close();
  }

  #take(piece: Uint8Array | undefined): boolean {
    if (piece === undefined) return false;
    const octets = viewOf(piece);
    const part = this.#wanted.take(octets);
    this.#slices = this.#stuffer.passSlowly(part.length < octets.length ? Buffer.from(part) : part); // A slice would keep all of the piece.
    return true;
  }

  #end(): undefined {
    this.#message.close();
  }
}

/** Pieces that are not long, whatever they are parts of. */
class Parts implements Source {
  readonly #message: Source;
  #rest: Buffer = EMPTY;

  constructor(message: Source) {
    this.#message = message;
  }

  next(): MaybePromise<Uint8Array | undefined> {
    if (this.#rest.length > 0) return this.#part(this.#rest);
    return whenReady(this.#message.next(), (piece) => piece && this.#part(viewOf(piece)));
  }

  close(): void {
    this.#rest = EMPTY;
    this.#message.close();
  }

  #part(piece: Buffer): Buffer {
    this.#rest = piece.subarray(PART_BYTES);
    return piece.subarray(0, PART_BYTES);
  }
}

/** `number what` for every message that is not marked (LIST, UIDL): made a page at a time, when the client has taken the last. */
export function scanLines(listing: Listing, what: (message: MessageInfo) => number | string): Source {
  const pages = listing.pages();
  const lines = (page: readonly Numbered[] | undefined): Uint8Array | undefined =>
    page && Buffer.from(page.map(([number, message]) => `${number} ${what(message)}\r\n`).join(''));
  return {
    next: () => whenReady(pages.next(), lines),
    close: () => pages.close(),
  };
}

/** Counts lines of a message's text across pieces: a line may be as short as its end. */
class LineCounter implements Wanted {
  readonly #header = new HeaderScanner({}, NO_NAMES);
  /** With the empty line. */
  #linesLeft: number;

  constructor(lines: number) {
    this.#linesLeft = lines + 1;
  }

  get done(): boolean {
    return this.#header.isOver && this.#linesLeft === 0;
  }

  /** The part of the piece that is wanted. */
  take(piece: Buffer): Buffer {
    let at = this.#header.scan(piece);
    while (at < piece.length && this.#linesLeft > 0) if (piece[at++] === LF) this.#linesLeft -= 1;
    return piece.subarray(0, at);
  }
}
