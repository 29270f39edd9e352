/**
 * Whose password is hashed next in this process: a few hashes run at once, clients take turns, and those that have logged in
 * to the account before come first. Bounded in number and time: who finds no room, or waits too long, is told to come
 * back, and nothing was checked. Room is taken from the client that has most waiting, never from one that has less.
 */

interface Waiting {
  readonly client: string;
  /** False: its turn does not come. */
  readonly decide: (begins: boolean) => void;
}

export interface Hasher {
  readonly client: string;
  /** It has logged in to the account before. */
  readonly known: boolean;
  /** Nobody waits for it: it comes after all others. */
  readonly idle?: boolean;
}

export interface HashLimits {
  readonly atOnce: number;
  readonly waiting: number;
  readonly waitingOfClient: number;
  readonly waitMs: number;
}

/** At 50 to 100 ms a hash, so many are done in the time that they may wait. An office behind one address logs in at once in the morning. */
export const HASH_LIMITS: HashLimits = { atOnce: 2, waiting: 512, waitingOfClient: 128, waitMs: 30_000 };

export class HashQueue {
  readonly #limits: HashLimits;
  readonly #known = new Line();
  readonly #strangers = new Line();
  readonly #idle = new Line();
  #running = 0;

  constructor(limits: HashLimits = HASH_LIMITS) {
    this.#limits = limits;
  }

  /** Undefined when there was no room or no time. */
  async run<T>(hasher: Hasher, work: () => Promise<T>): Promise<T | undefined> {
    if (!(await this.#turn(hasher))) return undefined;
    try {
      return await work();
    } finally {
      this.#ended();
    }
  }

  #turn({ client, known, idle = false }: Hasher): boolean | Promise<boolean> {
    if (this.#running < this.#limits.atOnce) {
      this.#running += 1;
      return true;
    }
    const line = idle ? this.#idle : known ? this.#known : this.#strangers;
    if (line.waitingOf(client) >= this.#limits.waitingOfClient || !this.#makeRoom(line, client)) return false;
    return new Promise((resolve) => this.#wait(line, client, resolve));
  }

  #wait(line: Line, client: string, resolve: (begins: boolean) => void): void {
    const timer = setTimeout(() => {
      line.remove(waiting);
      resolve(false);
    }, this.#limits.waitMs);
    const decide = (begins: boolean): void => {
      clearTimeout(timer);
      resolve(begins);
    };
    const waiting = { client, decide };
    line.add(waiting);
  }

  /** Strangers are evicted for clients that are known. */
  #makeRoom(line: Line, client: string): boolean {
    if (this.#known.count + this.#strangers.count < this.#limits.waiting) return true;
    if (line === this.#known && this.#strangers.pushOut(0)) return true;
    return line.pushOut(line.waitingOf(client) + 1);
  }

  #ended(): void {
    const next = this.#known.next() ?? this.#strangers.next() ?? this.#idle.next();
    if (next === undefined) this.#running -= 1;
    else next.decide(true);
  }
}

/** Clients in the order of their turns, each with what it has waiting. */
class Line {
  readonly #clients = new Map<string, Waiting[]>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  waitingOf(client: string): number {
    return this.#clients.get(client)?.length ?? 0;
  }

  add(waiting: Waiting): void {
    this.#count += 1;
    const others = this.#clients.get(waiting.client);
    if (others === undefined) this.#clients.set(waiting.client, [waiting]);
    else others.push(waiting);
  }

  remove(waiting: Waiting): void {
    const all = this.#clients.get(waiting.client) ?? [];
    if (all.includes(waiting))
      this.#put(
        waiting.client,
        all.filter((one) => one !== waiting),
        1,
      );
  }

  /** The client goes to the end of the line, if it has more. */
  next(): Waiting | undefined {
    for (const [client, [first, ...rest]] of this.#clients) {
      this.#clients.delete(client);
      this.#put(client, rest, 1);
      return first;
    }
    return undefined;
  }

  /** Takes the last place of the client that has most of them, when it has more than so many. */
  pushOut(most: number): boolean {
    const [client, waiting] = [...this.#clients].reduce<readonly [string, readonly Waiting[]]>(
      (longest, one) => (one[1].length > longest[1].length ? one : longest),
      ['', []],
    );
    if (waiting.length <= most) return false;
    this.#put(client, waiting.slice(0, -1), 1);
    waiting.at(-1)?.decide(false);
    return true;
  }

  #put(client: string, waiting: readonly Waiting[], fewer: number): void {
    this.#count -= fewer;
    if (waiting.length === 0) this.#clients.delete(client);
    else this.#clients.set(client, [...waiting]);
  }
}
