/** Reloads one at a time, and none before the server is ready: whatever was asked meanwhile is one more. Remembers why the last failed. */
import type { Log } from '../../log/log.js';
import { RequestError, type SupervisorStatus } from '../control/control-messages.js';

/** Who is to hear how a reload ended. */
interface Waiting {
  readonly done: () => void;
  readonly failed: (error: RequestError) => void;
}

export class Reloads {
  readonly #reload: () => Promise<void>;
  readonly #log: Log;
  #isWanted = false;
  #isReady = false;
  #isReloading = false;
  #isOver = false;
  #failed: SupervisorStatus['failedReload'] = null;
  /** For one that has not begun. */
  #waiting: Waiting[] = [];

  /** `reload` is all or nothing: when it rejects, everything is as it was. */
  constructor(reload: () => Promise<void>, log: Log) {
    this.#reload = reload;
    this.#log = log;
  }

  /** The last, if it failed; the configuration before it is in force. */
  get failed(): SupervisorStatus['failedReload'] {
    return this.#failed;
  }

  /** Resolves when one that began after this has succeeded. @throws RequestError */
  ask(): Promise<void> {
    if (this.#isOver) return Promise.reject(stopping());
    return new Promise((done, failed) => {
      this.#waiting.push({ done, failed });
      this.want();
    });
  }

  want(): void {
    this.#isWanted = true;
    if (this.#isReady && !this.#isReloading) void this.#reloadWhileWanted();
  }

  /** The server is: what was asked before is done now. */
  ready(): void {
    this.#isReady = true;
    if (this.#isWanted) this.want();
  }

  /** None begins any more, and how one ends that has begun is of no interest. */
  stop(): void {
    this.#isOver = true;
    for (const { failed } of this.#waiting.splice(0)) failed(stopping());
  }

  async #reloadWhileWanted(): Promise<void> {
    this.#isReloading = true;
    while (this.#isWanted && !this.#isOver) {
      this.#isWanted = false;
      await this.#reloadOnce();
    }
    this.#isReloading = false;
  }

  async #reloadOnce(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    try {
      await this.#reload();
      if (this.#isOver) throw stopping(); // It may have been left in the middle.
      this.#failed = null;
      for (const { done } of waiting) done();
    } catch (error) {
      const why = (error as Error).message;
      if (!this.#isOver) this.#fail(why);
      for (const { failed } of waiting) failed(this.#isOver ? stopping() : new RequestError(why));
    }
  }

  #fail(why: string): void {
    this.#failed = { atMs: Date.now(), why };
    this.#log.error(`The configuration was not reloaded: ${why}; the old one stays in force, and so do the workers`);
  }
}

function stopping(): RequestError {
  return new RequestError('the server is stopping');
}
