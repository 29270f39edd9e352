/**
 * Watches for the moment when the process, or the machine, has no file descriptors left (EMFILE, ENFILE). libuv then tries to
 * accept the same connection again and again, as fast as the processor goes, and newer ones don't say so; the system has no way
 * to stop listening for a while that would not take the address from the other workers. So while there are none, each turn of
 * the event loop takes a few milliseconds, which sessions hardly notice and which leaves the processor to others; who wants to
 * come in waits. It ends by itself when there are descriptors again.
 */
import { closeSync, openSync } from 'node:fs';

/** As often as it may come unnoticed that there are none. */
const LOOK_MS = 1_000;
const LOOK_AGAIN_MS = 50;
/** Of each turn of the event loop while there are none. */
const TURN_MS = 4;
/** One that is free for a moment only, because a client has left and the next has come, is not worth a line. */
const SETTLED_MS = 3_000;

export type DescriptorsTold = 'gone' | 'back';

export class Descriptors {
  readonly #told: (what: DescriptorsTold) => void;
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));
  #lacking = false;
  #isToldGone = false;
  #sinceMs = 0;

  constructor(told: (what: DescriptorsTold) => void) {
    this.#told = told;
    this.#lookIn(LOOK_MS);
  }

  #look(): void {
    const lacked = this.#lacking;
    this.#lacking = !isOneFree();
    if (this.#lacking !== lacked) this.#sinceMs = performance.now();
    if (this.#lacking && !lacked) setImmediate(() => this.#linger());
    this.#tell();
    this.#lookIn(this.#isToldGone ? LOOK_AGAIN_MS : LOOK_MS);
  }

  #tell(): void {
    const isBack = !this.#lacking && performance.now() - this.#sinceMs >= SETTLED_MS;
    if (this.#isToldGone ? !isBack : !this.#lacking) return;
    this.#isToldGone = !this.#isToldGone;
    this.#told(this.#isToldGone ? 'gone' : 'back');
  }

  /** Once a turn: an immediate runs after the turn's accepts. */
  #linger(): void {
    if (!this.#lacking) return;
    Atomics.wait(this.#cell, 0, 0, TURN_MS);
    setImmediate(() => this.#linger());
  }

  #lookIn(delayMs: number): void {
    setTimeout(() => this.#look(), delayMs).unref();
  }
}

function isOneFree(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'EMFILE' && code !== 'ENFILE';
  }
}
