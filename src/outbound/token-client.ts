/**
 * A client that logs in by OAuth where the next hop says so: it puts an access token in the place of that, and another when the server
 * does not take it any more. Without one it does not connect at all, and no token goes to a host that its login was not made for.
 */
import { StoreError } from '../store/errors.js';
import type { RelayLogin } from '../store/relay-logins.js';
import type { AccessTokens } from './access-tokens.js';
import type { Client, Connection } from './client/connection.js';
import { nameOfEndpoint, type NextHop } from './client/next-hop.js';
import type { NotConnected } from './client/outcome.js';
import { bounded } from './client/reply.js';
import { keyOf } from './hop.js';

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
    if (!mayGo(first, nextHop)) return this.#withheld(first, nextHop);
    const result = await this.#connectWith(first, nextHop, signal);
    if (!isRefused(result)) return result;
    const second = await this.#tokens.after(first);
    if (second === undefined) return this.#refused(first, nextHop, result);
    if ('why' in second) return withoutToken(nextHop, second.why);
    if (!mayGo(second, nextHop)) return this.#withheld(second, nextHop);
    const again = await this.#connectWith(second, nextHop, signal);
    return isRefused(again) ? this.#refused(second, nextHop, again) : again;
  }

  async #connectWith(login: RelayLogin, nextHop: NextHop, signal: AbortSignal | undefined) {
    const { user, accessToken } = login;
    const result = await this.#client.connect(
      { ...nextHop, credentials: { kind: 'token', user, accessToken } },
      signal,
    );
    if (result.kind === 'connected') this.#tokens.taken(login, keyOf(nextHop));
    return result;
  }

  #refused(login: RelayLogin, nextHop: NextHop, refusal: NotConnected): NotConnected {
    const { code, status, text } = refusal;
    const why = `${waits(login, nextHop)}, which refuses a new token: ${code} ${status} ${text}`;
    this.#tokens.unwelcome(login, keyOf(nextHop), why);
    return { ...refusal, isUntried: true };
  }

  /** It was got for others. */
  #withheld(login: RelayLogin, nextHop: NextHop): NotConnected {
    const hosts = login.hosts.join(', ') || 'no host';
    const why = `${waits(login, nextHop)}, which its tokens are not for: 'pennypost relay login' made it for ${hosts}`;
    this.#tokens.unwelcome(login, keyOf(nextHop), why);
    return withoutToken(nextHop, why);
  }
}

function isRefused(result: Connection | NotConnected): result is NotConnected {
  return result.kind !== 'connected' && result.code === REFUSED;
}

function mayGo({ hosts }: RelayLogin, { endpoint }: NextHop): boolean {
  return hosts.includes(nameOfEndpoint(endpoint));
}

function waits({ user }: RelayLogin, { endpoint }: NextHop): string {
  return `mail waits for the login of ${user} at ${nameOfEndpoint(endpoint)}`;
}

function withoutToken({ endpoint }: NextHop, why: string): NotConnected {
  const remote = { host: nameOfEndpoint(endpoint) };
  return {
    ...{ kind: 'deferred', concerns: 'login', command: 'AUTH', status: '4.7.0' },
    ...{ text: bounded(why), remote, isUntried: true },
  };
}
