/** Reloads one at a time, and none before the server is ready: whatever was asked meanwhile is one more. Remembers why the last failed. */
import type { Log } from '../../log/log.js';
import type { SupervisorStatus } from '../control/control-messages.js';

export class Reloads {
  readonly #reload: () => Promise<void>;
  readonly #log: Log;
  #isWanted = false;
  #isReady = false;
  #isReloading = false;
  #isOver = false;
  #failed: SupervisorStatus['failedReload'] = null;

  /** `reload` is all or nothing: when it rejects, everything is as it was. */
  constructor(reload: () => Promise<void>, log: Log) {
    this.#reload = reload;
    this.#log = log;
  }

  /** The last, if it failed; the configuration before it is in force. */
  get failed(): SupervisorStatus['failedReload'] {
    return this.#failed;
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
    try {
      await this.#reload();
      this.#failed = null;
    } catch (error) {
      if (this.#isOver) return;
      const why = (error as Error).message;
      this.#failed = { atMs: Date.now(), why };
      this.#log.error(`The configuration was not reloaded: ${why}; the old one stays in force, and so do the workers`);
    }
  }
}
