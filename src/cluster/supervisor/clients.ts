/**
 * Clients that are not trusted, for the connection limiter: what each has open and how much it began in the last minute, and
 * which have logged in since the server began. An IPv6 /64 is one client; the networks around it have limits of their own,
 * so that nobody gets as many places as there are /64s in what providers hand out.
 */
import type { Configuration } from '../../config/configuration.js';
import { around } from '../../ip/networks.js';
import { BoundedMap } from '../../runtime/bounded-map.js';
import type { Requester } from './requester.js';

export type ConnectionLimits = Pick<Configuration, 'maxSessions' | 'maxSessionsPerAddress' | 'maxNewSessionsPerMinute'>;

interface Client {
  readonly sessions: Map<Requester, number>;
  /** When its sessions of the last minute began. */
  begunAtMs: number[];
}

const MINUTE_MS = 60_000;
const KNOWN_LIMIT = 20_000;

export class Clients {
  readonly #clients = new Map<string, Client>();
  /** In the order of the last login. */
  readonly #known = new BoundedMap<string, true>(KNOWN_LIMIT);

  remove(worker: Requester): void {
    for (const client of this.#clients.values()) client.sessions.delete(worker);
  }

  /** Undefined when it may come. */
  exceededLimit(name: string, limits: ConnectionLimits, nowMs: number): 'too-many' | 'too-often' | undefined {
    const all = around(name).map(({ network, times }) => ({ client: this.#of(network), times }));
    for (const { client } of all) forgetOld(client, nowMs);
    if (all.some(({ client, times }) => client.begunAtMs.length >= times * limits.maxNewSessionsPerMinute))
      return 'too-often';
    return all.some(({ client, times }) => openSessions(client) >= times * limits.maxSessionsPerAddress)
      ? 'too-many'
      : undefined;
  }

  enter(worker: Requester, name: string, nowMs: number): void {
    for (const { network } of around(name)) {
      const client = this.#of(network);
      client.begunAtMs.push(nowMs);
      client.sessions.set(worker, (client.sessions.get(worker) ?? 0) + 1);
    }
  }

  leave(worker: Requester, name: string): void {
    for (const { network } of around(name)) {
      const { sessions } = this.#of(network);
      const count = sessions.get(worker) ?? 0;
      if (count > 0) sessions.set(worker, count - 1);
    }
  }

  count(name: string): number {
    return openSessions(this.#of(name));
  }

  know(name: string): void {
    this.#known.renew(name, true);
  }

  isKnown(name: string): boolean {
    return this.#known.has(name);
  }

  tidy(nowMs: number): void {
    for (const [name, client] of this.#clients) {
      forgetOld(client, nowMs);
      if (client.begunAtMs.length === 0 && openSessions(client) === 0) this.#clients.delete(name);
    }
  }

  #of(network: string): Client {
    const client = this.#clients.get(network) ?? { sessions: new Map<Requester, number>(), begunAtMs: [] };
    this.#clients.set(network, client);
    return client;
  }
}

function openSessions({ sessions }: Client): number {
  return [...sessions.values()].reduce((sum, count) => sum + count, 0);
}

/** A moment in the future is one from before the clock was set back: it would never grow old. */
function forgetOld(client: Client, nowMs: number): void {
  client.begunAtMs = client.begunAtMs.filter((atMs) => atMs <= nowMs && nowMs - atMs < MINUTE_MS);
}
