/**
 * Who holds which maildrop. Kept by the store, for connections: when a worker dies, its connection closes
 * and everything it held is free at once.
 */
import type { AccountId, HolderSince } from '../store.js';

/** One taking of a lock: the connection it came by, and the number of the request there. */
export interface LockName {
  readonly owner: object;
  readonly lock: number;
}

interface Lock extends LockName {
  readonly holder: HolderSince;
}

export class MaildropLocks {
  readonly #locks = new Map<AccountId, Lock>();

  /** Undefined when it was free and now is taken under this name; otherwise who has it. */
  take(account: AccountId, name: LockName, holder: HolderSince): HolderSince | undefined {
    const lock = this.#locks.get(account);
    if (lock !== undefined) return lock.holder;
    this.#locks.set(account, { ...name, holder });
    return undefined;
  }

  holder(account: AccountId): HolderSince | undefined {
    return this.#locks.get(account)?.holder;
  }

  isHeldBy(account: AccountId, { owner, lock }: LockName): boolean {
    const held = this.#locks.get(account);
    return held?.owner === owner && held.lock === lock;
  }

  release(account: AccountId, name: LockName): void {
    if (this.isHeldBy(account, name)) this.#locks.delete(account);
  }

  releaseAll(owner: object): void {
    for (const [account, lock] of this.#locks) if (lock.owner === owner) this.#locks.delete(account);
  }
}
