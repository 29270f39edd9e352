/** Which bodies wait for the decoder, and what becomes of their text (db/README.md, `text_state`). */
import type { DecodedText } from '../../../message/text.js';
import { TextState, type Writes } from '../database/writes.js';

export class TextStates {
  readonly #writes: Writes;

  constructor(writes: Writes) {
    this.#writes = writes;
  }

  /** A body whose text waits to be decoded, oldest first. */
  nextUndecoded(): number | undefined {
    return this.#writes.nextUndecoded.get();
  }

  /** Durable before the decoding begins: a text that takes the whole process with it is not tried again. */
  decoding(body: number): void {
    this.#writes.decoding.run(body);
  }

  /** The store ends in order: what was being decoded is decoded after the next start. */
  decodeAgain(): void {
    this.#writes.decodeAgain.run();
  }

  /** Bodies during whose decoding the store last ended; their raw text is shown from now on. */
  interrupted(): readonly number[] {
    return this.#writes.interrupted.all();
  }

  /** Undefined when decoding failed: the raw text is shown then, as where there is no text. */
  decoded(body: number, decoded: DecodedText | undefined): void {
    const state = decoded?.text === undefined ? TextState.Failed : TextState.Decoded;
    const attachments = decoded === undefined ? null : Number(decoded.hasAttachments);
    this.#writes.decoded.run(state, decoded?.text ?? null, attachments, body);
  }
}
