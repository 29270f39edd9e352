/**
 * A login in the browser (RFC 6749 §4.1, RFC 8252): a person opens a page of the provider, which then sends the browser to a port of
 * this machine with a code, and that is exchanged for tokens. The code is of use to nobody else (PKCE, RFC 7636).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TokenClient, Tokens } from '../store/relay-logins.js';
import type { Provider } from './providers.js';
import { ProviderError, quoted } from './provider-error.js';
import { answered, called, type Call } from './token-request.js';

export interface CodeLogin {
  readonly provider: Provider;
  readonly client: TokenClient;
  /** Who is to log in: the page suggests it. */
  readonly user: string;
  /** Of this machine; 0 takes one that is free. */
  readonly port: number;
  /** A person is to open this. */
  readonly show: (url: string) => Promise<void>;
}

/** For a person to find a password and a telephone. */
const PATIENCE_MS = 10 * 60_000;
const LOOPBACK = '127.0.0.1';

/** @throws ProviderError, and what listening fails with */
export async function logInByBrowser({ provider, client, user, port, show }: CodeLogin): Promise<Tokens> {
  const { authorizationEndpoint, loopback = LOOPBACK, parameters = {}, issuer } = provider;
  if (authorizationEndpoint === undefined) throw new ProviderError('has no page for a login, as far as is known');
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, LOOPBACK, resolve));
  try {
    const redirect = `http://${loopback}:${(server.address() as AddressInfo).port}`;
    const secrets = await called(client, makeSecrets);
    const url = new URL(authorizationEndpoint);
    const asked = {
      ...{ response_type: 'code', client_id: client.clientId, redirect_uri: redirect, state: secrets.state },
      ...{ code_challenge: secrets.challenge, code_challenge_method: 'S256', login_hint: user },
      ...(client.scope !== undefined && { scope: client.scope }),
      ...parameters,
    };
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
    const [answer] = await Promise.all([comeBack(server, secrets.state), show(url.href)]);
    if (issuer === undefined) answer.delete('iss'); // RFC 9207; there is nothing to compare it with.
    return await answered({ ...client, issuer }, async (call) => {
      const { library, server: as, client: who, authentication, options } = call;
      const code = readAnswer(call, answer, secrets.state);
      const { verifier } = secrets;
      const response = library.authorizationCodeGrantRequest(
        as,
        who,
        authentication,
        code,
        redirect,
        verifier,
        options,
      );
      return library.processAuthorizationCodeResponse(as, who, await response);
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function makeSecrets({ library }: Call) {
  const verifier = library.generateRandomCodeVerifier();
  const challenge = await library.calculatePKCECodeChallenge(verifier);
  return { verifier, challenge, state: library.generateRandomState() };
}

function readAnswer({ library, server, client }: Call, answer: URLSearchParams, state: string): URLSearchParams {
  try {
    return library.validateAuthResponse(server, client, answer, state);
  } catch (error) {
    if (!(error instanceof library.AuthorizationResponseError)) throw error;
    throw new ProviderError(`lets nobody in (${quoted(error.error)})`, { isRefused: true, code: error.error });
  }
}

/** What the browser comes back with. What does not know the state is somebody else. */
function comeBack(server: Server, state: string): Promise<URLSearchParams> {
  return new Promise((resolve, reject) => {
    const late = new ProviderError('was not logged in at in time');
    setTimeout(() => reject(late), PATIENCE_MS).unref();
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const searchParams = new URLSearchParams(/\?(.*)$/.exec(request.url ?? '')?.[1]);
      const isMeant = searchParams.get('state') === state;
      response.writeHead(isMeant ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
      response.end(isMeant ? 'Pennypost has its answer. You can close this page.\n' : 'Nothing is here.\n', () => {
        if (isMeant) resolve(searchParams);
      });
    });
  });
}
