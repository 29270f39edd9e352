/**
 * A delivery whose message is changed on its way to the store. What the edit leaves alone passes without a copy, and costs nothing
 * once the edit is over. A failure of the store is the delivery's; an edit has none.
 */
import type { Delivery } from '../store/deliveries.js';

export interface Edit {
  /** What is to be written of the next piece: slices of it, and what is added between. */
  pass(piece: Uint8Array): readonly Uint8Array[];
  /** What is to be written behind the last piece. */
  end(): readonly Uint8Array[];
  /** Whatever still comes is left alone, and so is the end. */
  readonly isOver: boolean;
}

export class EditedDelivery implements Delivery {
  readonly #delivery: Delivery;
  readonly #edit: Edit;

  constructor(delivery: Delivery, edit: Edit) {
    this.#delivery = delivery;
    this.#edit = edit;
  }

  write(piece: Uint8Array): void | Promise<void> {
    return this.#edit.isOver ? this.#delivery.write(piece) : this.#writeAll(this.#edit.pass(piece));
  }

  commit(): Promise<readonly number[]> {
    const rest = this.#edit.isOver ? [] : this.#edit.end();
    return rest.length === 0 ? this.#delivery.commit() : this.#commitBehind(rest);
  }

  abort(): void {
    this.#delivery.abort();
  }

  async #commitBehind(rest: readonly Uint8Array[]): Promise<readonly number[]> {
    try {
      await this.#writeAll(rest);
    } catch (error) {
      this.#delivery.abort();
      throw error;
    }
    return this.#delivery.commit();
  }

  #writeAll(pieces: readonly Uint8Array[]): void | Promise<void> {
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) return this.#delivery.write(only);
    const waits = pieces.map((piece) => this.#delivery.write(piece)).filter((wait) => wait instanceof Promise);
    if (waits.length > 0) return Promise.all(waits).then(() => undefined);
  }
}
