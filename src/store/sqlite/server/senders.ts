/** The processes that send, as long as they are connected, and who waits for something to be due. */
export class Senders {
  /** By name. */
  readonly #connections = new Map<string, object>();
  readonly #watchers = new Map<object, () => void>();

  /** Those whose leases stand. */
  get living(): ReadonlySet<string> {
    return new Set(this.#connections.keys());
  }

  begin(name: string, connection: object): void {
    this.#connections.set(name, connection);
  }

  connectionOf(name: string): object | undefined {
    return this.#connections.get(name);
  }

  watch(connection: object, listener: () => void): void {
    this.#watchers.set(connection, listener);
  }

  wake(): void {
    for (const listener of this.#watchers.values()) listener();
  }

  /** The connection is gone. Whether that ended a sender while others live. */
  end(connection: object): boolean {
    this.#watchers.delete(connection);
    const ended = [...this.#connections].filter(([, each]) => each === connection);
    for (const [name] of ended) this.#connections.delete(name);
    return ended.length > 0 && this.#connections.size > 0;
  }
}
