/**
 * An OAuth provider over real HTTP, as small as tests need it: authorization codes with PKCE, device codes, client credentials, refresh
 * tokens that rotate or do not, and whatever failure a test says.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Form = Readonly<Record<string, string>>;

export const CLIENT = { clientId: 'pennypost', clientSecret: 'client-secret-7' } as const;

export class IdentityServer {
  readonly #server: Server;
  /** What the token endpoint was asked. */
  readonly asked: Form[] = [];
  /** Each refresh token takes the place of the one before, which is then of no use. */
  rotates = false;
  lifeS = 3_600;
  /** Instead of what is usual at the token endpoint, when it returns true. */
  instead: ((form: Form, response: ServerResponse) => boolean | Promise<boolean>) | undefined;
  /** Device codes are pending for so many questions. */
  pending = 1;
  /** Between them, in seconds. */
  interval = 0.05;
  readonly #refreshTokens = new Set<string>();
  readonly #accessTokens = new Set<string>();
  readonly #codes = new Map<string, Form>();
  #count = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.unref();
  }

  static async start(): Promise<IdentityServer> {
    const identity = new IdentityServer();
    await new Promise<void>((resolve) => identity.#server.listen(0, '127.0.0.1', resolve));
    return identity;
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get tokenEndpoint(): string {
    return `${this.issuer}/token`;
  }

  /** One that was given before. */
  newRefreshToken(): string {
    const token = `refresh-${++this.#count}`;
    this.#refreshTokens.add(token);
    return token;
  }

  takes(accessToken: string): boolean {
    return this.#accessTokens.has(accessToken);
  }

  /** Access tokens end, as by their age. */
  expire(): void {
    this.#accessTokens.clear();
  }

  /** Nothing that was given before is of any use. */
  revoke(): void {
    this.expire();
    this.#refreshTokens.clear();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.issuer);
    const form = Object.fromEntries(new URLSearchParams(await bodyOf(request)));
    if (pathname === '/.well-known/openid-configuration') return json(response, 200, this.#metadata);
    if (pathname === '/authorize') return this.#authorize(Object.fromEntries(searchParams), response);
    if (pathname === '/device') return json(response, 200, this.#deviceCode());
    if (pathname !== '/token') return json(response, 404, {});
    this.asked.push(form);
    if ((await this.instead?.(form, response)) === true) return;
    return this.#token(form, response);
  }

  get #metadata(): object {
    return {
      ...{ issuer: this.issuer, token_endpoint: this.tokenEndpoint },
      ...{ authorization_endpoint: `${this.issuer}/authorize`, device_authorization_endpoint: `${this.issuer}/device` },
    };
  }

  /** Whoever comes is let in at once. */
  #authorize(form: Form, response: ServerResponse): void {
    const code = `code-${++this.#count}`;
    this.#codes.set(code, form);
    const back = new URL(form['redirect_uri'] ?? '');
    back.search = new URLSearchParams({ code, state: form['state'] ?? '' }).toString();
    response.writeHead(302, { location: back.href }).end();
  }

  #deviceCode(): object {
    const device = `device-${++this.#count}`;
    this.#codes.set(device, {});
    const verification = `${this.issuer}/where`;
    return {
      device_code: device,
      user_code: 'WDJB-MJHT',
      verification_uri: verification,
      expires_in: 60,
      interval: this.interval,
    };
  }

  #token(form: Form, response: ServerResponse): void {
    const { grant_type: grant = '', client_id: client, client_secret: secret } = form;
    if (client !== CLIENT.clientId) return json(response, 400, { error: 'invalid_client' });
    if (grant === 'client_credentials')
      return secret === CLIENT.clientSecret
        ? this.#give(response)
        : json(response, 401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="x"' });
    if (grant === 'refresh_token') return this.#refresh(form['refresh_token'] ?? '', response);
    if (grant === 'authorization_code') return this.#exchange(form, response);
    if (!this.#codes.has(form['device_code'] ?? '')) return json(response, 400, { error: 'expired_token' });
    this.pending -= 1;
    return this.pending >= 0
      ? json(response, 400, { error: 'authorization_pending' })
      : this.#give(response, this.newRefreshToken());
  }

  #refresh(token: string, response: ServerResponse): void {
    if (!this.#refreshTokens.has(token))
      return json(response, 400, { error: 'invalid_grant', error_description: 'The grant was revoked' });
    if (!this.rotates) return this.#give(response);
    this.#refreshTokens.delete(token);
    return this.#give(response, this.newRefreshToken());
  }

  #exchange({ code = '', code_verifier: verifier = '', redirect_uri: redirect }: Form, response: ServerResponse): void {
    const asked = this.#codes.get(code);
    this.#codes.delete(code);
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    if (asked?.['code_challenge'] !== challenge || asked['redirect_uri'] !== redirect)
      return json(response, 400, { error: 'invalid_grant' });
    return this.#give(response, this.newRefreshToken());
  }

  #give(response: ServerResponse, refreshToken?: string): void {
    const token = `access-${++this.#count}`;
    this.#accessTokens.add(token);
    const more = refreshToken === undefined ? {} : { refresh_token: refreshToken };
    json(response, 200, { access_token: token, token_type: 'Bearer', expires_in: this.lifeS, ...more });
  }
}

export function json(response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
