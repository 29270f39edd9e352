/**
 * A maildrop's messages by their numbers, and which are marked for removal (RFC 1939 §5).
 * Numbers are positions from 1 as they were at login; marking never renumbers. Every command that takes a number
 * resolves it here.
 */
import type { MessageInfo } from '../store/store.js';

export type Found =
  | { readonly ok: true; readonly message: MessageInfo }
  | { readonly ok: false; readonly because: 'noSuchMessage' | 'marked' };

export class Listing {
  readonly #messages: readonly MessageInfo[];
  readonly #marked = new Set<number>();
  #octets: number;

  constructor(messages: readonly MessageInfo[]) {
    this.#messages = messages;
    this.#octets = total(messages);
  }

  /** Of messages that are not marked. */
  get count(): number {
    return this.#messages.length - this.#marked.size;
  }

  /** Of messages that are not marked. */
  get octets(): number {
    return this.#octets;
  }

  /** In range and not marked. */
  find(number: number): Found {
    const message = this.#messages[number - 1];
    if (message === undefined) return { ok: false, because: 'noSuchMessage' };
    return this.#marked.has(number) ? { ok: false, because: 'marked' } : { ok: true, message };
  }

  /** `number` has been found. */
  mark(number: number): void {
    this.#marked.add(number);
    this.#octets -= this.#messages[number - 1]?.octets ?? 0;
  }

  unmarkAll(): void {
    this.#marked.clear();
    this.#octets = total(this.#messages);
  }

  /** The store's names of the marked messages. */
  get markedIds(): readonly number[] {
    return [...this.#marked].map((number) => (this.#messages[number - 1] as MessageInfo).id);
  }

  /** What is not marked, in order. */
  *entries(): Iterable<readonly [number: number, message: MessageInfo]> {
    for (const [at, message] of this.#messages.entries()) if (!this.#marked.has(at + 1)) yield [at + 1, message];
  }
}

function total(messages: readonly MessageInfo[]): number {
  return messages.reduce((octets, message) => octets + message.octets, 0);
}
