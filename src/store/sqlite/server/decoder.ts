/**
 * Has the text of MIME messages decoded for people, one after another, in a thread of its own (decoder-thread.ts). Nobody waits
 * for it. A text that ends the thread, or is not decoded in time, is marked and not tried again; the message is kept as it came.
 */
import type { DecodedText } from '../../../message/text.js';
import type { Write } from './group.js';
import { Thread } from '../database/thread.js';

export interface DecoderOptions {
  add(write: Write): void;
  nextUndecoded(): number | undefined;
  trouble(what: string, error: unknown): void;
}

export interface DecoderData {
  readonly db: string;
}

/** The body whose first chunk is to be read. */
export type DecoderTask = number;

/**
 * `begun`: the octets are read, and from now on the thread may be ended at any moment.
 */
export type DecoderTold =
  { readonly kind: 'begun' } | { readonly kind: 'decoded'; readonly decoded: DecodedText | undefined };

/** A text that needs more than this to decode ends the thread, and is marked. */
const THREAD_MEMORY_MIB = 64;
/** Decoding takes time by its octets, of which there are a chunk at most: far below this on any machine. */
const DEADLINE_MS = 2_000;
/** Where no thread or no room on the disk can be had, it is tried again after this. */
const PAUSE_MS = 10_000;

export class Decoder {
  readonly #options: DecoderOptions;
  readonly #thread: Thread<DecoderTask, DecoderTold>;
  /** The body that is being decoded. */
  #body: number | undefined;
  #begun = false;
  /** The disk gave nothing, or took nothing. */
  #isPutOff = false;
  /** The deadline, or the pause. */
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(db: string, options: DecoderOptions) {
    this.#options = options;
    const data: DecoderData = { db };
    this.#thread = new Thread(
      { module: new URL('./decoder-thread.js', import.meta.url), data, memoryMib: THREAD_MEMORY_MIB },
      { told: (told) => this.#told(told), ended: (error) => this.#threadEnded(error) },
    );
  }

  /** There is a text to decode. */
  decodeSoon(): void {
    if (this.#closed || this.#body !== undefined || this.#isPutOff) return;
    const body = this.#next();
    if (body === undefined) return;
    this.#body = body;
    this.#options.add({
      act: (writer) => writer.texts.decoding(body),
      done: () => this.#hand(body),
      failed: () => this.#putOff(),
      bytes: 0,
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#thread.end();
  }

  #hand(body: number): void {
    if (!this.#closed) this.#thread.hand(body);
  }

  /** What cannot be read keeps nobody from being served. */
  #next(): number | undefined {
    try {
      return this.#options.nextUndecoded();
    } catch (error) {
      this.#options.trouble('texts that wait to be decoded cannot be found', error);
      this.#putOff();
      return undefined;
    }
  }

  #putOff(): void {
    this.#body = undefined;
    this.#isPutOff = true;
    this.#pause(() => {
      this.#isPutOff = false;
      this.decodeSoon();
    });
  }

  #pause(then: () => void): void {
    this.#timer = setTimeout(then, PAUSE_MS).unref();
  }

  #told(told: DecoderTold): void {
    if (this.#closed) return; // It is decoded after the next start.
    if (told.kind === 'decoded') return this.#decoded(told.decoded);
    this.#begun = true;
    this.#timer = setTimeout(() => this.#late(), DEADLINE_MS).unref();
  }

  /** What the thread says may wait behind this timer, when the store itself was busy for as long. */
  #late(): void {
    setImmediate(() => this.#begun && !this.#closed && void this.#thread.end());
  }

  #threadEnded(error: Error | undefined): void {
    const body = this.#body;
    if (this.#closed || body === undefined) return;
    if (this.#begun) {
      this.#options.trouble('a text is left as it came', new Error(`body ${body}`, { cause: error ?? 'deadline' }));
      this.#decoded(undefined);
    } else if (error === undefined) this.#hand(body);
    else {
      this.#options.trouble('the thread that decodes could not start', error);
      this.#pause(() => this.#hand(body));
    }
  }

  #decoded(decoded: DecodedText | undefined): void {
    const body = this.#body as number;
    clearTimeout(this.#timer);
    this.#body = undefined;
    this.#begun = false;
    this.#options.add({
      act: (writer) => writer.texts.decoded(body, decoded),
      done: nothing,
      failed: nothing,
      bytes: decoded?.text?.length ?? 0,
    });
    this.decodeSoon();
  }
}

/** Nobody waits for it; a failure is told by the group's observer, and the text is decoded again after the next start. */
function nothing(): void {}
