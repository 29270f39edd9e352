/**
 * A maildrop's messages by their numbers, and which are marked for removal (RFC 1939 §5).
 * Numbers are positions from 1 as they were at login; marking never renumbers. Every command that takes a number
 * resolves it here. Holds a bit for each message, and nothing else of them.
 */
import { whenReady } from '../runtime/when-ready.js';
import type { Maildrop, MessageInfo, NumberRange } from '../store/maildrops.js';
import type { MaybePromise } from '../store/shapes.js';
import type { Source } from '../store/source.js';

export type Found =
  | { readonly ok: true; readonly message: MessageInfo }
  | { readonly ok: false; readonly because: 'noSuchMessage' | 'marked' };

export type Numbered = readonly [number: number, message: MessageInfo];

const FEWEST_BYTES = 32;
const BITS = 8;

export class Listing {
  readonly #maildrop: Maildrop;
  /** A bit for each number, as far as any was marked. */
  #marks = new Uint8Array(0);
  #markedCount = 0;
  #markedOctets = 0;

  constructor(maildrop: Maildrop) {
    this.#maildrop = maildrop;
  }

  /** Of messages that are not marked. */
  get count(): number {
    return this.#maildrop.count - this.#markedCount;
  }

  /** Of messages that are not marked. */
  get octets(): number {
    return this.#maildrop.octets - this.#markedOctets;
  }

  get markedCount(): number {
    return this.#markedCount;
  }

  /** In range and not marked. */
  find(number: number): MaybePromise<Found> {
    if (this.#isMarked(number)) return { ok: false, because: 'marked' };
    return whenReady(this.#maildrop.find(number), found);
  }

  /** `number` has been found. */
  mark(number: number, { octets }: MessageInfo): void {
    const at = Math.floor(number / BITS);
    if (at >= this.#marks.length) this.#makeRoom(at + 1);
    this.#marks[at] = (this.#marks[at] as number) | (1 << (number % BITS));
    this.#markedCount += 1;
    this.#markedOctets += octets;
  }

  unmarkAll(): void {
    this.#marks = new Uint8Array(0);
    this.#markedCount = 0;
    this.#markedOctets = 0;
  }

  /** The numbers that are marked, in order. */
  *marked(): Iterable<NumberRange> {
    const end = this.#marks.length * BITS;
    for (let first = 1; first < end; first++) {
      if (!this.#isMarked(first)) continue;
      let last = first;
      while (this.#isMarked(last + 1)) last += 1;
      yield [first, last];
      first = last + 1;
    }
  }

  /** What is not marked, in order. A page may be empty. */
  pages(): Source<readonly Numbered[]> {
    const pages = this.#maildrop.pages();
    let number = 0;
    const numbered = (page: readonly MessageInfo[] | undefined): readonly Numbered[] | undefined =>
      page
        ?.map((message) => [++number, message] as const)
        .filter(([each]) => this.#markedCount === 0 || !this.#isMarked(each));
    return {
      next: () => whenReady(pages.next(), numbered),
      close: () => pages.close(),
    };
  }

  #isMarked(number: number): boolean {
    return ((this.#marks[Math.floor(number / BITS)] ?? 0) & (1 << (number % BITS))) !== 0;
  }

  #makeRoom(bytes: number): void {
    const room = new Uint8Array(Math.max(FEWEST_BYTES, 2 * this.#marks.length, bytes));
    room.set(this.#marks);
    this.#marks = room;
  }
}

function found(message: MessageInfo | undefined): Found {
  return message === undefined ? { ok: false, because: 'noSuchMessage' } : { ok: true, message };
}
