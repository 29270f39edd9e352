/**
 * What the store asks the other side of one connection: whether it has forgotten the old directory, and whether the holder of a maildrop is leaving. Each has a deadline, and nobody waits for a side that is gone.
 */
import type { Buffer } from 'node:buffer';
import type { Concerned } from '../../driver.js';
import { FrameError, FrameType, jsonFrame, requireLength } from '../protocol/frames.js';
import type { HolderAnswer } from '../protocol/requests.js';
import type { Answers } from './answers.js';
import type { LockOwner } from '../../rules/maildrop-locks.js';

/** Nobody waits longer for a maildrop than for this answer. */
const HOLDER_TIMEOUT_MS = 1_000;

export class Questions implements LockOwner {
  readonly #answers: Answers;
  #hearing: (() => void)[] = [];
  /** Whether a holder is leaving, by the number of the question. */
  readonly #holders = new Map<number, (leaving: boolean) => void>();
  #lastQuestion = 0;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  /** Resolves when the other side has forgotten the old directory and ended whose login does not stand; `late` when it has not in time. */
  changed(concerned: Concerned, timeoutMs: number, late: () => void): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(late, timeoutMs);
      this.#hearing.push(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#answers.send(jsonFrame(FrameType.Changed, 0, { concerned }));
    });
  }

  /** What is not known in time counts as leaving: whoever waits for that has its own deadline. */
  isLeaving(lock: number): Promise<boolean> {
    const question = ++this.#lastQuestion;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.holder({ question, leaving: true }), HOLDER_TIMEOUT_MS);
      this.#holders.set(question, (leaving) => {
        clearTimeout(timer);
        resolve(leaving);
      });
      this.#answers.send(jsonFrame(FrameType.HolderWanted, 0, { question, lock }));
    });
  }

  /** The answer to `changed`. @throws FrameError */
  heard(payload: Buffer): void {
    requireLength(payload, 0);
    const heard = this.#hearing.shift();
    if (heard === undefined) throw new FrameError('an answer to what was not said');
    heard();
  }

  /** The answer to `isLeaving`. One that comes too late is nobody's any more. */
  holder({ question, leaving }: HolderAnswer): void {
    const answered = this.#holders.get(question);
    this.#holders.delete(question);
    answered?.(leaving);
  }

  /** The connection is gone. */
  close(): void {
    for (const heard of this.#hearing.splice(0)) heard();
    for (const question of [...this.#holders.keys()]) this.holder({ question, leaving: true });
  }
}
