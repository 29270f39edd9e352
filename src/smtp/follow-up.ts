/** What is done about a message between the moment that it is durable and its answer. */
import { HEADER_LIMIT_OCTETS } from '../dsn/header.js';
import { endOfHeader } from '../message/header-scanner.js';
import type { Recipient } from '../message/recipient.js';
import type { Next, Stage } from '../message/stage.js';

export interface FollowUp {
  /** Keeps what it needs of the message. */
  readonly stage: Stage<never>;
  /** `isLeftOut`: whose copy was not stored. The message is there whatever becomes of this. Never rejects. */
  run(isLeftOut: (recipient: Recipient) => boolean): Promise<void>;
}

/** Keeps a message's header, as far as it is not too long. */
export class HeaderKeeper implements Stage<never> {
  readonly #pieces: Buffer[] = [];
  #octets = 0;

  get isOver(): boolean {
    return this.#octets >= HEADER_LIMIT_OCTETS;
  }

  write(piece: Uint8Array, next: Next): undefined {
    const kept = piece.subarray(0, HEADER_LIMIT_OCTETS - this.#octets);
    this.#pieces.push(Buffer.from(kept)); // A copy: a piece is good until this returns.
    this.#octets += kept.length;
    return next(piece);
  }

  /** With its empty line, where there is one. */
  get header(): Buffer {
    const first = Buffer.concat(this.#pieces);
    return first.subarray(0, endOfHeader(first));
  }
}
