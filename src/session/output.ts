/**
 * What a session has to say: held while more is to come in the same turn, then written together.
 * A long reply is pulled only as fast as the client takes it.
 */
import type { Channel } from './channel.js';
import type { Reply } from './reply.js';

/** Held output is written when it reaches this, whatever else waits: one large write costs no less than two. */
const HELD_LIMIT_BYTES = 64 * 1024;

export class Output {
  readonly #channel: Channel;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #body: Iterator<Uint8Array> | undefined;
  #blocked = false;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** True while a reply is not wholly handed to the network: nothing else may be answered meanwhile. */
  get busy(): boolean {
    return this.#blocked || this.#body !== undefined;
  }

  /** @throws what the reply's body throws; the reply is then broken off. */
  say(reply: Reply): void {
    this.#hold(reply.head);
    if (reply.body === undefined) return;
    this.#body = reply.body[Symbol.iterator]();
    this.#pull();
  }

  /** The client took what was written. @throws what the reply's body throws. */
  drained(): void {
    this.#blocked = false;
    this.#pull();
  }

  flush(): void {
    if (this.#heldBytes === 0) return;
    const pieces = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    const [first] = pieces;
    this.#blocked = !(pieces.length === 1 ? this.#channel.write(first as Uint8Array) : this.#channel.writeAll(pieces));
  }

  /** Drops the rest of a reply that nobody waits for any more. */
  abandon(): void {
    this.#body?.return?.();
    this.#body = undefined;
  }

  #hold(piece: Uint8Array): void {
    this.#held.push(piece);
    this.#heldBytes += piece.length;
    if (this.#heldBytes >= HELD_LIMIT_BYTES) this.flush();
  }

  #pull(): void {
    while (this.#body !== undefined && !this.#blocked) {
      const next = this.#body.next();
      if (next.done === true) this.#body = undefined;
      else this.#hold(next.value);
    }
  }
}
