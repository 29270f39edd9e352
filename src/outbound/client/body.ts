/**
 * A message from a source to the server, a piece at a time, at the pace of both: dots stuffed (RFC 5321 §4.5.2), no CR or LF alone, and
 * the last line ended. The final dot is for whoever calls: only for a message that came whole and is what was said of it.
 */
import { isAscii } from 'node:buffer';
import { DotStuffer } from '../../bytes/dots.js';
import { CRLF_OCTETS, LF } from '../../bytes/line-ends.js';
import { NewlineNormalizer } from '../../bytes/newlines.js';
import { viewOf } from '../../bytes/view.js';
import { setImmediate } from 'node:timers/promises';
import type { Source } from '../../store/source.js';
import type { Dialogue } from './dialogue.js';

export interface BodyOptions {
  readonly sizeOctets: number;
  /** Whether the server has not announced that it takes other octets (RFC 6152). */
  readonly isSevenBit: boolean;
  readonly blockMs: number;
}

/** Why a message is not to be completed. */
export type BodyFault =
  | { readonly kind: 'broken' }
  | { readonly kind: 'eight-bit' }
  | { readonly kind: 'size'; readonly octets: number }
  | { readonly kind: 'source'; readonly error: unknown };

const END = Buffer.from('.\r\n');
/** Below this pieces are put together, and small messages leave in one write with their end. */
const GATHERED_BYTES = 16 * 1024;
/** What is done without a pause, where neither source nor server makes one. */
const TURN_BYTES = 256 * 1024;

export class BodyWriter {
  readonly #dialogue: Dialogue;
  readonly #options: BodyOptions;
  readonly #normalizer = new NewlineNormalizer();
  readonly #stuffer = new DotStuffer();
  #octets = 0;
  #turnBytes = 0;
  #last = LF;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;

  constructor(dialogue: Dialogue, options: BodyOptions) {
    this.#dialogue = dialogue;
    this.#options = options;
  }

  /** Everything but the end. */
  async send(source: Source): Promise<BodyFault | undefined> {
    try {
      for (;;) {
        const next = source.next();
        const piece = next instanceof Promise ? await this.#dialogue.orBroken(next) : next;
        if (this.#dialogue.broken !== undefined) return { kind: 'broken' };
        if (piece === undefined) return this.#whole();
        const fault = this.#take(piece);
        if (fault !== undefined) return fault;
        if (!this.#flushIfFull()) await this.#dialogue.drained(this.#options.blockMs);
        if (this.#turnBytes > TURN_BYTES) await this.#yield();
      }
    } catch (error) {
      return { kind: 'source', error };
    }
  }

  /** The dot, with what was not sent yet. */
  end(): void {
    if (this.#last !== LF) this.#gather(CRLF_OCTETS);
    this.#gather(END);
    this.#flush();
  }

  #whole(): BodyFault | undefined {
    const octets = this.#octets;
    return octets === this.#options.sizeOctets ? undefined : { kind: 'size', octets };
  }

  #take(piece: Uint8Array): BodyFault | undefined {
    this.#octets += piece.length;
    this.#turnBytes += piece.length;
    if (this.#octets > this.#options.sizeOctets) return { kind: 'size', octets: this.#octets };
    if (this.#options.isSevenBit && !isAscii(piece)) return { kind: 'eight-bit' };
    const normal = viewOf(this.#normalizer.pass(piece));
    for (const slice of this.#stuffer.pass(normal)) this.#gather(slice);
    this.#last = normal.at(-1) ?? this.#last;
    return undefined;
  }

  /** Between two pieces others have their turn, and what the server says meanwhile is heard. */
  async #yield(): Promise<void> {
    this.#turnBytes = 0;
    await setImmediate();
  }

  #gather(slice: Buffer): void {
    this.#gathered.push(slice);
    this.#gatheredBytes += slice.length;
  }

  /** False when the server is behind. */
  #flushIfFull(): boolean {
    return this.#gatheredBytes < GATHERED_BYTES || this.#flush();
  }

  #flush(): boolean {
    const pieces = this.#gathered;
    const together = this.#gatheredBytes <= 2 * GATHERED_BYTES ? [Buffer.concat(pieces, this.#gatheredBytes)] : pieces;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    return this.#dialogue.write(...together);
  }
}
