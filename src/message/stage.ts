/**
 * What is done with a message on its way in is a list of stages, in their order: each may change, judge or refuse it, at once or later.
 * What a stage is told of the sender and the envelope, and what a refusal is, is up to whoever makes the list.
 */
import type { MaybePromise } from '../store/shapes.js';

/** Takes what goes on to the next stage, at last to the store, and copies what it keeps. */
export type Next = (octets: Uint8Array) => undefined;

/** A failure of the store may be thrown, by a promise too; anything else that is thrown is a bug. */
export interface Stage<Refusal> {
  /**
   * Takes a piece, which is good until this returns, and hands on what goes in its place, before it returns. What must wait is held, and
   * handed on later. Answers why the message is refused, if it is; a promise asks for a pause, and those pieces that have been read
   * already come before it is over. Without this, pieces go past the stage.
   */
  write?(piece: Uint8Array, next: Next): MaybePromise<Refusal | undefined>;
  /**
   * No piece follows, and all stages before have agreed: hands on what is held, until its promise resolves if it answers with one, and
   * judges the message.
   */
  end?(next: Next): MaybePromise<Refusal | undefined>;
  /** Pieces go past it from now on. Its end is asked all the same. */
  readonly isOver?: boolean;
}

/**
 * A message goes through its stages and is written. The first refusal stands: no stage sees or writes anything after it.
 * What `write` throws, or its promise does, is thrown here; nothing must be given to it then any more.
 */
export class StageLine<Refusal> {
  readonly #stages: readonly Stage<Refusal>[];
  readonly #nexts: readonly Next[];
  readonly #write: (octets: Uint8Array) => void | Promise<void>;
  #waits: Promise<unknown>[] = [];
  #refusal: Refusal | undefined;

  constructor(stages: readonly Stage<Refusal>[], write: (octets: Uint8Array) => void | Promise<void>) {
    this.#stages = stages;
    this.#nexts = stages.map((_, at) => (octets) => this.#give(at + 1, octets));
    this.#write = write;
  }

  /** Why the message is refused, if it is known; a promise of it when somebody wants to be waited for. */
  write(piece: Uint8Array): MaybePromise<Refusal | undefined> {
    this.#give(0, piece);
    return this.#waits.length === 0 ? this.#refusal : this.#settled();
  }

  /** The message is there: why it is refused, if it is. */
  end(): MaybePromise<Refusal | undefined> {
    return this.#endFrom(0);
  }

  #give(first: number, octets: Uint8Array): undefined {
    if (this.#refusal !== undefined) return;
    for (let at = first; at < this.#stages.length; at++) {
      const stage = this.#stages[at] as Stage<Refusal>;
      if (stage.write !== undefined && stage.isOver !== true)
        return this.#note(stage.write(octets, this.#nexts[at] as Next));
    }
    const wait = this.#write(octets);
    if (wait !== undefined) this.#await(wait);
  }

  #endFrom(first: number): MaybePromise<Refusal | undefined> {
    for (let at = first; at < this.#stages.length && this.#refusal === undefined; at++) {
      this.#note(this.#stages[at]?.end?.(this.#nexts[at] as Next));
      if (this.#waits.length > 0) return this.#settled().then((refusal) => refusal ?? this.#endFrom(at + 1));
    }
    return this.#refusal;
  }

  #note(judged: MaybePromise<Refusal | undefined>): undefined {
    if (judged instanceof Promise) this.#await(judged.then((refusal) => this.#note(refusal)));
    else this.#refusal ??= judged;
  }

  /** One that fails while another is waited for is not unhandled. */
  #await(wait: Promise<unknown>): void {
    wait.catch(() => undefined);
    this.#waits.push(wait);
  }

  /** While a stage's end is waited for it may write more. */
  async #settled(): Promise<Refusal | undefined> {
    while (this.#waits.length > 0) await Promise.all(this.#waits.splice(0));
    return this.#refusal;
  }
}
