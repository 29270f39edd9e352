/** How messages and lists are sent: byte-stuffed, in pieces, only as fast as the client takes them. */
import { Buffer } from 'node:buffer';
import { DotStuffer } from '../bytes/dots.js';
import { LF } from '../bytes/line-ends.js';
import { viewOf } from '../bytes/view.js';
import { WantedNames } from '../message/field-name.js';
import { HeaderScanner } from '../message/header-scanner.js';
import type { MessageInfo } from '../store/maildrops.js';
import type { Pieces, Soon } from '../store/shapes.js';
import type { Listing } from './listing.js';

const NO_NAMES = new WantedNames();
const NOTHING = Buffer.alloc(0);

/** A whole message (RFC 1939 §5 RETR). One that is there already is stuffed at once: a small one costs less so than its iterators. */
export function stuffed(message: Pieces): Pieces {
  if (!Array.isArray(message)) return stuffedLater(message);
  const stuffer = new DotStuffer();
  const octets: Uint8Array[] = [];
  for (const piece of message as readonly Uint8Array[])
    for (const slice of stuffer.pass(viewOf(piece))) octets.push(slice);
  return octets;
}

/** The header, the empty line and so many lines of the text (RFC 1939 §7 TOP); reads no further than that. */
export function top(message: Pieces, lines: number): Pieces {
  return stuffedLater(message, new LineCounter(lines));
}

/** What of each piece is wanted, and whether that was all. */
interface Wanted {
  take(piece: Buffer): Buffer;
  readonly done: boolean;
}

const everything: Wanted = { take: (piece) => piece, done: false };

function* stuffedLater(message: Pieces, wanted = everything): Pieces {
  const stuffer = new DotStuffer();
  for (const piece of message) {
    const came = coming(piece);
    if (came.wait !== undefined) yield came.wait;
    const part = wanted.take(came.octets);
    yield* stuffer.passSlowly(part.length < came.octets.length ? Buffer.from(part) : part); // A slice would keep all of the piece.
    if (wanted.done) return;
  }
}

interface Coming {
  octets: Buffer;
  /** Gives nothing itself: what came is then in `octets`. Undefined where nothing is waited for. */
  readonly wait: Promise<Uint8Array> | undefined;
}

function coming(piece: Soon<Uint8Array>): Coming {
  if (!(piece instanceof Promise)) return { octets: viewOf(piece), wait: undefined };
  const came: Coming = {
    octets: NOTHING,
    wait: piece.then((octets) => {
      came.octets = viewOf(octets);
      return NOTHING;
    }),
  };
  return came;
}

/** `number what` for every message that is not marked (LIST, UIDL): made a page at a time, when the client has taken the last. */
export function* scanLines(listing: Listing, what: (message: MessageInfo) => number | string): Iterable<Uint8Array> {
  for (const page of listing.pages()) {
    const lines = page.map(([number, message]) => `${number} ${what(message)}\r\n`);
    if (lines.length > 0) yield Buffer.from(lines.join(''));
  }
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
