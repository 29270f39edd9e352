/**
 * Requests to a token endpoint (RFC 6749 §4 to §6), each over a kept library, which is loaded with the first of them. What comes is a
 * bearer token that can be sent, or a ProviderError.
 */
import type * as OAuth from 'oauth4webapi';
import type { AuthorizationServer, Client, ClientAuth, TokenEndpointResponse } from 'oauth4webapi';
import type { RefreshFailure, TokenClient, Tokens } from '../store/relay-logins.js';
import { request, requireSafe, type HttpRequest } from './http.js';
import { ProviderError, quoted } from './provider-error.js';

type Library = typeof OAuth;

/** How each request of the library is made. */
export interface Call {
  readonly library: Library;
  readonly server: AuthorizationServer;
  readonly client: Client;
  readonly authentication: ClientAuth;
  readonly options: object;
}

const SECOND_MS = 1_000;
/** Where the provider does not say (RFC 6749 §5.1). */
const USUAL_LIFE_S = 3_600;
const LONGEST_LIFE_S = 365 * 24 * 3_600;
/** RFC 6750 §2.1, and what is near to it. */
const TOKEN = /^[\x21-\x7e]+$/;
/** Nobody here looks at these, and the library would refuse the tokens beside them if they were not as it wants them. */
const UNUSED = new Set(['id_token', 'scope']);
/** What no repetition mends (RFC 6749 §5.2, OpenID Connect Core §3.1.2.6). */
const REFUSALS = new Set([
  ...['invalid_grant', 'invalid_client', 'unauthorized_client', 'invalid_scope', 'unsupported_grant_type'],
  ...['interaction_required', 'login_required', 'consent_required', 'access_denied'],
]);

/** A new access token: by the refresh token (RFC 6749 §6), or with none by the client's own credentials (RFC 6749 §4.4). */
export function refreshed(login: TokenClient & Pick<Tokens, 'refreshToken'>): Promise<Tokens> {
  const { refreshToken, scope } = login;
  const parameters = new URLSearchParams(scope === undefined ? {} : { scope });
  return answered(login, async ({ library, server, client, authentication, options }) => {
    if (refreshToken === undefined) {
      const answer = library.clientCredentialsGrantRequest(server, client, authentication, parameters, options);
      return library.processClientCredentialsResponse(server, client, await answer);
    }
    const more = { ...options, additionalParameters: parameters };
    const answer = library.refreshTokenGrantRequest(server, client, authentication, refreshToken, more);
    return library.processRefreshTokenResponse(server, client, await answer);
  });
}

/** The same, with what the provider does as a value. */
export async function tryToRefresh(
  login: TokenClient & Pick<Tokens, 'refreshToken'>,
): Promise<Tokens | RefreshFailure> {
  try {
    return await refreshed(login);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { text: error.message, isRefused: error.isRefused };
  }
}

/** What `ask` is answered. @throws ProviderError */
export async function answered(
  who: TokenClient & { readonly issuer?: string | undefined },
  ask: (call: Call) => Promise<TokenEndpointResponse>,
): Promise<Tokens> {
  const askedAtMs = Date.now();
  return tokensOf(await called(who, ask), askedAtMs);
}

/** @throws ProviderError for whatever a provider does */
export async function called<T>(
  {
    tokenEndpoint,
    issuer = new URL(requireSafe(tokenEndpoint)).origin,
    clientId,
    clientSecret,
  }: TokenClient & { readonly issuer?: string | undefined },
  ask: (call: Call) => Promise<T>,
): Promise<T> {
  const library = await import('oauth4webapi');
  try {
    return await ask({
      library,
      server: { issuer, token_endpoint: tokenEndpoint },
      client: { client_id: clientId },
      authentication: clientSecret === undefined ? library.None() : library.ClientSecretPost(clientSecret),
      options: {
        [library.customFetch]: async (url: string, options: HttpRequest) => essence(await request(url, options)),
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- where they may go is for `request` to say
        [library.allowInsecureRequests]: true,
      },
    });
  } catch (error) {
    throw failureOf(error, library);
  }
}

/**
 * What is read of an answer. A refresh token that came along is not lost for something else that the answer holds; and whether a request
 * is refused for good is for the body to say: a proxy before the provider wants a login, too.
 */
async function essence(answer: Response): Promise<Response> {
  const headers = new Headers(answer.headers);
  headers.delete('www-authenticate');
  const body = answer.body === null ? null : withoutUnused(await answer.text());
  return new Response(body, { status: answer.status, headers });
}

function withoutUnused(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text, (name, value: unknown) => (UNUSED.has(name) ? undefined : value)));
  } catch {
    return text; // The library says so.
  }
}

function tokensOf(answer: TokenEndpointResponse, askedAtMs: number): Tokens {
  const { access_token: accessToken, refresh_token: refreshToken, token_type: type, expires_in: lifeS } = answer;
  if (type !== 'bearer' || !TOKEN.test(accessToken))
    throw new ProviderError('gives a token that cannot be used at a relay');
  const expiresAtMs = askedAtMs + Math.round(Math.min(lifeS ?? USUAL_LIFE_S, LONGEST_LIFE_S) * SECOND_MS);
  return { accessToken, expiresAtMs, ...(refreshToken !== undefined && { refreshToken }) };
}

function failureOf(error: unknown, library: Library): unknown {
  if (error instanceof library.ResponseBodyError) {
    const { error: code, error_description: description } = error;
    const text = quoted(description === undefined ? code : `${code}: ${description}`);
    return new ProviderError(`answers ${text}`, { isRefused: REFUSALS.has(code), code });
  }
  if (error instanceof library.OperationProcessingError || error instanceof library.UnsupportedOperationError)
    return new ProviderError('answers what is no answer to a request for a token');
  return error;
}
