/**
 * Who holds which maildrop. Kept by the store, for connections: when a worker dies, its connection closes
 * and everything it held is free at once.
 */
import type { AccountId, HolderSince } from '../store.js';

interface Lock {
  readonly owner: object;
  readonly holder: HolderSince;
}

export class MaildropLocks {
  readonly #locks = new Map<AccountId, Lock>();

  /** Undefined when it was free and now is the owner's; otherwise who has it. */
  take(account: AccountId, owner: object, holder: HolderSince): HolderSince | undefined {
    const lock = this.#locks.get(account);
    if (lock !== undefined) return lock.holder;
    this.#locks.set(account, { owner, holder });
    return undefined;
  }

  holder(account: AccountId): HolderSince | undefined {
    return this.#locks.get(account)?.holder;
  }

  isHeldBy(account: AccountId, owner: object): boolean {
    return this.#locks.get(account)?.owner === owner;
  }

  release(account: AccountId, owner: object): void {
    if (this.isHeldBy(account, owner)) this.#locks.delete(account);
  }

  releaseAll(owner: object): void {
    for (const [account, lock] of this.#locks) if (lock.owner === owner) this.#locks.delete(account);
  }
}
