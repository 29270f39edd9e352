/** What a process that sends is to its store, across connections: its name, once it has begun, and who waits for something to be due. */
import type { Buffer } from 'node:buffer';
import { StoreError } from '../../errors.js';
import type { NewMailTaker } from '../../queue.js';
import { emptyFrame, FrameType, jsonFrame } from '../protocol/frames.js';
import { readNewMail } from '../protocol/new-mail-frame.js';
import type { BeginRequest } from '../protocol/queue-requests.js';

export class SenderSession {
  readonly #listeners = new Set<() => void>();
  #name: string | undefined;
  #hasBegun = false;
  #taker: NewMailTaker | undefined;

  /** @throws StoreError in a process that has not begun */
  get name(): string {
    if (this.#name === undefined) throw new StoreError('unavailable', 'this process is no sender');
    return this.#name;
  }

  get nameIfAny(): string | undefined {
    return this.#name;
  }

  begins(name: string): void {
    this.#name = name;
    this.#hasBegun = false;
  }

  begun(): void {
    this.#hasBegun = true;
  }

  /** Returns whether it is the first that waits. */
  add(listener: () => void): boolean {
    this.#listeners.add(listener);
    return this.#listeners.size === 1;
  }

  remove(listener: () => void): void {
    this.#listeners.delete(listener);
  }

  due(): void {
    for (const listener of this.#listeners) listener();
  }

  takesNew(taker: NewMailTaker | undefined): void {
    this.#taker = taker;
  }

  /** @throws FrameError */
  given(newMail: Buffer): void {
    this.#taker?.leased(readNewMail(newMail));
  }

  /** The store went away. */
  lost(): void {
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.lost();
  }

  /** What a store that is met anew is told first. Meanwhile something may have become due. */
  greeting(): readonly Buffer[] {
    const frames: Buffer[] = [];
    const begin: BeginRequest | undefined = this.#hasBegun ? { sender: this.name, again: true } : undefined;
    if (begin !== undefined) frames.push(jsonFrame(FrameType.Begin, 0, begin));
    if (this.#listeners.size > 0) frames.push(emptyFrame(FrameType.Watch, 0));
    if (this.#listeners.size > 0) setImmediate(() => this.due());
    return frames;
  }
}
