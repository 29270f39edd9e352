/**
 * A client that logs in by OAuth where the next hop says so: it puts an access token in the place of that, and another when the server
 * does not take it any more. Without one it does not connect at all.
 */
import { StoreError } from '../store/errors.js';
import type { RelayLogin } from '../store/relay-logins.js';
import type { AccessTokens } from './access-tokens.js';
import type { Client, Connection } from './client/connection.js';
import { nameOfEndpoint, type NextHop } from './client/next-hop.js';
import type { NotConnected } from './client/outcome.js';
import { bounded } from './client/reply.js';

/** RFC 4954 §6: the token, or whom it is for, is not right. */
const REFUSED = 535;

export class TokenClient implements Client {
  readonly #client: Client;
  readonly #tokens: AccessTokens;

  constructor(client: Client, tokens: AccessTokens) {
    this.#client = client;
    this.#tokens = tokens;
  }

  async connect(nextHop: NextHop, signal?: AbortSignal): Promise<Connection | NotConnected> {
    const { credentials } = nextHop;
    if (credentials?.kind !== 'oauth') return this.#client.connect(nextHop, signal);
    try {
      return await this.#connectAs(credentials.user, nextHop, signal);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return withoutToken(nextHop, `The access token of ${credentials.user} cannot be read here: ${error.message}`);
    }
  }

  async #connectAs(user: string, nextHop: NextHop, signal: AbortSignal | undefined) {
    const first = await this.#tokens.current(user);
    if ('why' in first) return withoutToken(nextHop, first.why);
    const result = await this.#connectWith(first, nextHop, signal);
    if (!isRefused(result)) return result;
    const second = await this.#tokens.after(first);
    if (second === undefined) return this.#refused(first, result);
    if ('why' in second) return withoutToken(nextHop, second.why);
    const again = await this.#connectWith(second, nextHop, signal);
    return isRefused(again) ? this.#refused(second, again) : again;
  }

  async #connectWith(login: RelayLogin, nextHop: NextHop, signal: AbortSignal | undefined) {
    const { user, accessToken } = login;
    const result = await this.#client.connect(
      { ...nextHop, credentials: { kind: 'token', user, accessToken } },
      signal,
    );
    if (result.kind === 'connected') this.#tokens.taken(login);
    return result;
  }

  #refused(login: RelayLogin, refusal: NotConnected): NotConnected {
    this.#tokens.refused(login, `${refusal.code} ${refusal.status} ${refusal.text}`);
    return { ...refusal, isUntried: true };
  }
}

function isRefused(result: Connection | NotConnected): result is NotConnected {
  return result.kind !== 'connected' && result.code === REFUSED;
}

function withoutToken({ endpoint }: NextHop, why: string): NotConnected {
  const remote = { host: nameOfEndpoint(endpoint) };
  return {
    ...{ kind: 'deferred', concerns: 'login', command: 'AUTH', status: '4.7.0' },
    ...{ text: bounded(why), remote, isUntried: true },
  };
}
