/**
 * Which clients have logged in to which accounts lately, in this process: what others fail does not slow them down.
 * Bounded: who was seen longest ago goes first. The database knows the last client of each password besides.
 */

const ENTRIES_LIMIT = 20_000;

export class KnownClients {
  /** In the order of the last login. */
  readonly #pairs = new Set<string>();

  add(client: string, account: number): void {
    const pair = `${account} ${client}`;
    this.#pairs.delete(pair);
    this.#pairs.add(pair);
    for (const oldest of this.#pairs) {
      if (this.#pairs.size <= ENTRIES_LIMIT) break;
      this.#pairs.delete(oldest);
    }
  }

  includes(client: string, account: number): boolean {
    return this.#pairs.has(`${account} ${client}`);
  }
}
