/** Attempts to log in that wait at the login limiter, in the order in which they came; so many of all, and of a client. */
import type { Pair } from '../../auth/throttle.js';
import type { LoginRequester } from './requester.js';

export interface WaitingLogin {
  readonly from: LoginRequester;
  readonly request: number;
  readonly pair: Pair;
  readonly known: boolean;
}

/** Beyond it another is refused, and nothing is counted. */
export const WAITING_LIMIT = 1_000;
export const WAITING_LIMIT_OF_CLIENT = 200;

export class WaitingLogins {
  readonly #all = new Set<WaitingLogin>();
  readonly #ofClient = new Map<string, number>();

  hasPlaceFor({ client }: Pair): boolean {
    return this.#all.size < WAITING_LIMIT && (this.#ofClient.get(client) ?? 0) < WAITING_LIMIT_OF_CLIENT;
  }

  add(login: WaitingLogin): void {
    this.#all.add(login);
    this.#change(login.pair.client, 1);
  }

  /** Asks of each whether its waiting is over; true when it was for one of them. */
  release(isOver: (login: WaitingLogin) => boolean): boolean {
    const before = this.#all.size;
    for (const login of this.#all) {
      if (!isOver(login)) continue;
      this.#all.delete(login);
      this.#change(login.pair.client, -1);
    }
    return this.#all.size < before;
  }

  #change(client: string, more: number): void {
    const count = (this.#ofClient.get(client) ?? 0) + more;
    if (count > 0) this.#ofClient.set(client, count);
    else this.#ofClient.delete(client);
  }
}
