/**
 * Counts the Received fields of a message while it passes (RFC 5321 §6.3): a message that has been through
 * too many servers is going round in a circle. Looks at the header section only, and keeps nothing of it.
 */
import { viewOf } from '../bytes/view.js';
import { WantedNames } from './field-name.js';
import { HeaderScanner, type HeaderHandler } from './header-scanner.js';
import type { Next, Stage } from './stage.js';

/** More Received fields than this mean a loop; RFC 5321 §6.3 asks for at least 100. */
export const HOP_LIMIT = 100;

const NAMES = new WantedNames('received');

export class HopCount implements HeaderHandler {
  readonly #scanner = new HeaderScanner(this, NAMES);
  #received = 0;
  #isHop = false;

  /** Of the fields whose first line is there whole. */
  get received(): number {
    return this.#received;
  }

  get isOver(): boolean {
    return this.#scanner.isOver;
  }

  look(piece: Uint8Array): void {
    if (!this.#scanner.isOver) this.#scanner.scan(viewOf(piece));
  }

  field(name: string, isObsolete: boolean): void {
    this.#isHop = name === 'received' && !isObsolete;
  }

  octets(_bytes: Uint8Array, _from: number, _to: number, endsLine: boolean): void {
    if (!endsLine || !this.#isHop) return;
    this.#isHop = false;
    this.#received += 1;
  }
}

/** Refuses a message that has more of them than HOP_LIMIT. */
export class HopLimit<Refusal> implements Stage<Refusal> {
  readonly #hops = new HopCount();
  readonly #refusal: Refusal;

  constructor(refusal: Refusal) {
    this.#refusal = refusal;
  }

  get isOver(): boolean {
    return this.#hops.isOver;
  }

  write(piece: Uint8Array, next: Next): undefined {
    this.#hops.look(piece);
    next(piece);
  }

  end(): Refusal | undefined {
    return this.#hops.received > HOP_LIMIT ? this.#refusal : undefined;
  }
}
