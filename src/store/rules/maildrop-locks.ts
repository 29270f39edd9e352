/**
 * Who holds which maildrop, or which view of it, and who waits for one whose holder is leaving. Views are held beside each other;
 * nobody holds any of them beside who holds all of the maildrop, since what that one removes would change their numbers. Kept by the
 * store, for connections: when a worker dies, its connection closes and everything it held is free at once.
 * A live holder is named at once. One that is leaving, its client gone or its QUIT being carried out, is waited for, but not
 * long: then it is named too. Who waits is told exactly once, in the order in which they came, and nothing else waits with them.
 */
import type { HolderSince } from '../errors.js';
import type { ViewId } from '../maildrops.js';
import type { AccountId } from '../shapes.js';

/** The process that a lock is taken for. */
export interface LockOwner {
  /** Whether the session that took this lock gives it up by itself. Never rejects; not known in time counts as yes. */
  isLeaving(lock: number): Promise<boolean>;
}

/** One taking of a lock: the connection it came by, and the number of the request there. */
export interface LockName {
  readonly owner: LockOwner;
  readonly lock: number;
}

/** What of a maildrop is held: one view, or all of it. */
interface Part {
  readonly view?: ViewId | undefined;
}

/** What is held by a lock, and by whom. */
export interface Held extends Part {
  readonly holder: HolderSince;
}

/** One of both is called, once. */
export interface Claim extends LockName, Part {
  /** The client's address and the session's id, for people. */
  readonly from: string;
  taken(sinceMs: number): void;
  refused(holder: HolderSince): void;
}

interface Lock extends LockName, Held {
  readonly waiting: Set<Waiting>;
}

interface Waiting {
  readonly claim: Claim;
  readonly untilMs: number;
  readonly timer: NodeJS.Timeout;
}

export interface LockLimits {
  /** How long a holder that is leaving is waited for. */
  readonly waitMs: number;
  readonly waitingOfMaildrop: number;
  readonly waiting: number;
}

/** Who finds no room to wait hears who holds the maildrop, as if that one stayed. */
const LOCK_LIMITS: LockLimits = { waitMs: 1_000, waitingOfMaildrop: 16, waiting: 1_000 };

const NONE: readonly Lock[] = [];

export class MaildropLocks {
  readonly #limits: LockLimits;
  readonly #locks = new Map<AccountId, readonly Lock[]>();
  #waiting = 0;

  constructor(limits: LockLimits = LOCK_LIMITS) {
    this.#limits = limits;
  }

  /** Maildrops and views that are held. */
  get count(): number {
    let count = 0;
    for (const locks of this.#locks.values()) count += locks.length;
    return count;
  }

  /** Whether anybody holds anything of it. */
  isHeld(account: AccountId): boolean {
    return this.#locks.has(account);
  }

  claim(account: AccountId, claim: Claim, untilMs = performance.now() + this.#limits.waitMs): void {
    const lock = this.#of(account).find((one) => excludes(one, claim));
    if (lock === undefined) return this.#take(account, claim);
    const { waitingOfMaildrop, waiting } = this.#limits;
    if (lock.waiting.size >= waitingOfMaildrop || this.#waiting >= waiting) claim.refused(lock.holder);
    else this.#wait(lock, claim, untilMs);
  }

  /** What is held by this lock; undefined when nothing is. */
  heldBy(account: AccountId, name: LockName): Held | undefined {
    return this.#of(account).find((lock) => isSame(lock, name));
  }

  /** Of one that waits: it does so no longer. */
  release(account: AccountId, name: LockName): void {
    for (const lock of this.#of(account)) {
      if (isSame(lock, name)) return this.#passOn(account, lock);
      for (const one of lock.waiting) if (isSame(one.claim, name)) this.#refuse(lock, one);
    }
  }

  releaseAll(owner: LockOwner): void {
    const locks = [...this.#locks].flatMap(([account, each]) => each.map((lock) => ({ account, lock })));
    for (const { lock } of locks)
      for (const one of lock.waiting) if (one.claim.owner === owner) this.#refuse(lock, one);
    for (const { account, lock } of locks) if (lock.owner === owner) this.#passOn(account, lock);
  }

  #take(account: AccountId, claim: Claim): void {
    const { owner, lock, view, from } = claim;
    const sinceMs = Date.now();
    const taken: Lock = { owner, lock, view, holder: { from, sinceMs }, waiting: new Set() };
    this.#locks.set(account, [...this.#of(account), taken]);
    claim.taken(sinceMs);
  }

  #of(account: AccountId): readonly Lock[] {
    return this.#locks.get(account) ?? NONE;
  }

  /** The question is asked anew for each: a client may have gone just after the last answer. */
  #wait(lock: Lock, claim: Claim, untilMs: number): void {
    const timer = setTimeout(() => this.#refuse(lock, one), untilMs - performance.now());
    const one: Waiting = { claim, untilMs, timer };
    lock.waiting.add(one);
    this.#waiting += 1;
    void lock.owner.isLeaving(lock.lock).then((isLeaving) => {
      if (!isLeaving) this.#refuse(lock, one);
    });
  }

  /** The first gets it; the others find it held by that one, and have the rest of their time. */
  #passOn(account: AccountId, lock: Lock): void {
    const left = this.#of(account).filter((one) => one !== lock);
    if (left.length === 0) this.#locks.delete(account);
    else this.#locks.set(account, left);
    for (const one of [...lock.waiting]) if (this.#forget(lock, one)) this.claim(account, one.claim, one.untilMs);
  }

  #refuse(lock: Lock, one: Waiting): void {
    if (this.#forget(lock, one)) one.claim.refused(lock.holder);
  }

  /** False for one that was told already. */
  #forget(lock: Lock, one: Waiting): boolean {
    if (!lock.waiting.delete(one)) return false;
    clearTimeout(one.timer);
    this.#waiting -= 1;
    return true;
  }
}

/** All of a maildrop, and the same view twice. */
function excludes(one: Part, other: Part): boolean {
  return one.view === undefined || other.view === undefined || one.view === other.view;
}

function isSame(one: LockName, other: LockName): boolean {
  return one.owner === other.owner && one.lock === other.lock;
}
