/**
 * What one connection asks of the store beside messages: locks of maildrops, removals, changes of the directory, uses and renewals
 * of passwords, the status. Each is answered once, by its number, and what is written when it is durable.
 */
import type { Buffer } from 'node:buffer';
import { StoreError } from '../../errors.js';
import type { Renewal, Use } from '../../logins.js';
import type { Change } from '../protocol/change.js';
import type { HistoryRows } from '../protocol/history.js';
import { requireLength } from '../protocol/frames.js';
import type { LockRequest, RefusedRequest, RemoveRequest, UnlockRequest } from '../protocol/requests.js';
import type { Answers } from './answers.js';
import { NOTHING_CHANGED, type Changed } from './change-table.js';
import { unanswered } from './group.js';
import type { LockOwner } from '../../rules/maildrop-locks.js';
import { Removals } from './removals.js';
import type { ServedStore } from './served-store.js';

interface ClientRequestsOptions {
  readonly store: ServedStore;
  readonly answers: Answers;
  /** Whose locks they are. */
  readonly owner: LockOwner;
  /** A fault of ours: the connection ends. */
  readonly broke: (error: Error) => void;
}

export class ClientRequests {
  readonly #store: ServedStore;
  readonly #answers: Answers;
  readonly #owner: LockOwner;
  readonly #broke: (error: Error) => void;
  readonly #removals: Removals;

  constructor({ store, answers, owner, broke }: ClientRequestsOptions) {
    this.#store = store;
    this.#answers = answers;
    this.#owner = owner;
    this.#broke = broke;
    this.#removals = new Removals(store);
  }

  lock(request: number, lock: LockRequest): void {
    const lost = this.#store.lost();
    if (lost !== undefined) return this.#answers.failed(request, lost);
    const { account, from, view } = lock;
    this.#store.locks.claim(account, {
      owner: this.#owner,
      lock: request,
      from,
      view,
      taken: (sinceMs) => this.#locked(request, lock, sinceMs),
      refused: (holder) => this.#answers.failed(request, new StoreError('in-use', 'the maildrop is open', { holder })),
    });
  }

  /** Looked at when the lock is taken: of those that come at once, one is the first. */
  #locked(request: number, lock: LockRequest, sinceMs: number): void {
    const { account, isLogin } = lock;
    if (this.#store.intervals.isTooSoon(lock)) {
      this.#store.locks.release(account, { owner: this.#owner, lock: request });
      return this.#answers.failed(request, new StoreError('too-soon', 'the login comes too soon after the last'));
    }
    if (isLogin) this.#store.logins.note(account, sinceMs);
    this.#answers.done(request);
  }

  unlock(request: number, { account, lock }: UnlockRequest): void {
    this.#store.locks.release(account, { owner: this.#owner, lock });
    this.#removals.drop(lock);
    this.#answers.done(request);
  }

  remove(request: number, remove: RemoveRequest): void {
    const { account, lock } = remove;
    const held = this.#store.locks.heldBy(account, { owner: this.#owner, lock });
    if (held === undefined)
      return this.#answers.failed(request, new StoreError('unavailable', 'the lock of the maildrop was lost'));
    const { view, holder } = held;
    const taken = view === undefined ? this.#removals.take(remove, holder.from) : this.#removals.hide(remove, view);
    taken.then(
      () => this.#answers.done(request),
      (error: unknown) =>
        error instanceof StoreError ? this.#answers.failed(request, error) : this.#broke(error as Error),
    );
  }

  change(request: number, change: Change): void {
    let changed: Changed = NOTHING_CHANGED;
    this.#store.add({
      act: (writer) => void (changed = writer.change(change)),
      bytes: 0,
      done: () => void this.#changed(request, changed),
      failed: (error) => this.#answers.failed(request, error),
    });
  }

  async #changed(request: number, { concerned, isDirectory, count }: Changed): Promise<void> {
    if (isDirectory) await this.#store.reportChanged(concerned);
    if (count === undefined) this.#answers.done(request);
    else this.#answers.doneWith(request, count);
  }

  use(use: Use): void {
    const atMs = Date.now();
    if (!this.#store.uses.isDue(use, atMs)) return;
    this.#store.add(unanswered((writer) => writer.used(use, atMs)));
  }

  refused({ device, refusal }: RefusedRequest): void {
    this.#store.refusals.note(device, refusal);
  }

  /** It goes with the next group, whose sync it neither needs nor waits for. */
  history(rows: HistoryRows): void {
    this.#store.add({ ...unanswered((writer) => writer.history.add(rows)), patient: true });
  }

  renew(request: number, renewal: Renewal): void {
    this.#store.add({
      act: (writer) => writer.renew(renewal),
      bytes: 0,
      done: () => this.#answers.done(request),
      failed: (error) => this.#answers.failed(request, error),
    });
  }

  /** @throws FrameError */
  status(request: number, payload: Buffer): void {
    requireLength(payload, 0);
    this.#answers.doneWith(request, this.#store.status);
  }

  /** The connection is gone. */
  close(): void {
    this.#store.locks.releaseAll(this.#owner);
    this.#removals.close();
  }
}
