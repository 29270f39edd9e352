/**
 * What follows from the changes of one group to the queue: when each destination is due, how many rows are in which state, and
 * whether who waits for something to do is to be woken. Written once a group, before it commits; forgotten after a rollback.
 */
import type { QueueWrites } from '../database/queue-writes.js';

export class QueueLedger {
  readonly #writes: QueueWrites;
  /** Those that the group has looked up, by name. */
  readonly #ids = new Map<string, number>();
  readonly #touched = new Set<number>();
  /** Rows of them have gone. */
  readonly #poorer = new Set<number>();
  /** By state. */
  #counts = [0, 0, 0, 0];
  #wakes = false;
  #woken = false;

  constructor(writes: QueueWrites) {
    this.#writes = writes;
  }

  /** Its id; made when nothing waited for it. */
  destination(name: string): number {
    const known = this.#ids.get(name) ?? this.#writes.destination.get(name)?.[0];
    const id = known ?? Number(this.#writes.addDestination.run(name).lastInsertRowid);
    this.#ids.set(name, id);
    return id;
  }

  /** A row of it has come, changed or gone, or it rests, or does not any more. */
  touch(destination: number): void {
    this.#touched.add(destination);
  }

  /** A row that was in one state is in another; undefined when it was or is nowhere. */
  count(was: number | undefined, is: number | undefined): void {
    if (was !== undefined) this.#counts[was] = (this.#counts[was] ?? 0) - 1;
    if (is !== undefined) this.#counts[is] = (this.#counts[is] ?? 0) + 1;
  }

  gone(destination: number): void {
    this.touch(destination);
    this.#poorer.add(destination);
  }

  /** Something may be due earlier than it was. */
  wake(): void {
    this.#wakes = true;
  }

  /** Before COMMIT. */
  flush(): void {
    for (const id of this.#touched) this.#writes.ready.run(id, id);
    for (const id of this.#poorer) this.#writes.dropDestination.run(id, id);
    for (const [state, more] of this.#counts.entries()) if (more !== 0) this.#writes.count.run(more, state);
    this.#woken ||= this.#wakes;
    this.forget();
  }

  /** After ROLLBACK. */
  forget(): void {
    this.#wakes = false;
    this.#ids.clear();
    this.#touched.clear();
    this.#poorer.clear();
    this.#counts = [0, 0, 0, 0];
  }

  /** Whether something committed since this was last asked wakes who waits. */
  takeWoken(): boolean {
    const woken = this.#woken;
    this.#woken = false;
    return woken;
  }
}
