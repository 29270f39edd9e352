/**
 * Who asks by HTTP: a browser by the cookie of a session, a program by a password in each request (Basic, RFC 7617, or the same as a
 * bearer token, RFC 6750). Passwords go through the authenticator of mail logins, with its throttle; none is taken where it could
 * be overheard. Each request asks the store whether what was proved still lets somebody in.
 */
import { createHash, randomBytes } from 'node:crypto';
import { grantOf, type LoginCheck, type LoginResult, type Welcome } from '../auth/login.js';
import type { Logins } from '../store/logins.js';
import type { AccountId, Address, Scope } from '../store/shapes.js';
import type { WebSession, WebSessions } from '../store/web-sessions.js';
import type { Asker } from './asker.js';
import { HttpRefusal } from './answer.js';

/** Whom a request speaks for. */
export interface Login {
  readonly account: AccountId;
  readonly address: string;
  readonly mailbox: Address;
  /** Undefined for a program that sends its password with each request. */
  readonly session: WebSession | undefined;
}

export interface Passport {
  readonly name: string;
  readonly password: string;
}

export interface WebLoginsOptions {
  readonly store: Pick<Logins, 'stands'> & { readonly webSessions: WebSessions };
  readonly check: LoginCheck;
  /** What is tried and fails, and changes nothing for who asks. */
  readonly trouble: (error: unknown) => void;
}

/** Where the cookie goes back to: --web-base-path. */
export interface CookieScope {
  readonly path: string;
  readonly isSecure: boolean;
}

const COOKIE = 'pennypost_session';
const TOKEN_BYTES = 32;
/** A session that nobody uses for so long ends; in the table its use is seen to the hour. */
const LIFETIME_MS = 30 * 86_400_000;
const SEEN_EVERY_MS = 3_600_000;
const AGENT_LIMIT_CHARACTERS = 200;
const MECHANISMS = { web: 'session', api: 'Basic' } as const;

export class WebLogins {
  readonly #options: WebLoginsOptions;
  #attempts = 0;

  constructor(options: WebLoginsOptions) {
    this.#options = options;
  }

  /** Undefined for one who says nothing of himself. @throws HttpRefusal, StoreError */
  async find(headers: Headers, asker: Asker): Promise<Login | undefined> {
    const authorization = headers.get('Authorization');
    if (authorization !== null) return this.#byPassword(authorization, asker);
    const token = cookieIn(headers.get('Cookie') ?? '');
    return token === undefined ? undefined : this.#bySession(token, asker);
  }

  /** Resolves with the token of a new session, which is told to nobody else. @throws HttpRefusal, StoreError */
  async begin(
    passport: Passport,
    asker: Asker,
    agent: string,
  ): Promise<{ readonly token: string; readonly login: Login }> {
    const welcome = await this.#check(passport, 'web', asker);
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const id = idOf(token);
    const { webSessions } = this.#options.store;
    const untilMs = Date.now() + LIFETIME_MS;
    const grant = grantOf(welcome, 'web');
    await webSessions.addWebSession({ id, grant, client: asker.address, agent: printable(agent), untilMs });
    return { token, login: loginOf(welcome.account.id, welcome.account.address, await webSessions.findWebSession(id)) };
  }

  /** That who asks knows it, the account's own. @throws HttpRefusal, StoreError */
  async confirm(passport: Passport, asker: Asker): Promise<void> {
    const { credential } = await this.#check(passport, 'web', asker);
    if (credential !== undefined) throw refusalOf({ kind: 'wrong' });
  }

  /** @throws StoreError */
  async end({ mailbox, session }: Login): Promise<void> {
    if (session !== undefined) await this.#options.store.webSessions.removeWebSession(mailbox, session.id);
  }

  async #bySession(token: string, asker: Asker): Promise<Login | undefined> {
    const { store, trouble } = this.#options;
    const session = await store.webSessions.findWebSession(idOf(token));
    if (session === undefined || !(await store.stands(session.grant))) return undefined;
    requirePrivacy(asker);
    const nowMs = Date.now();
    if (nowMs - session.seenAtMs > SEEN_EVERY_MS)
      store.webSessions.extendWebSession(session.id, asker.address, nowMs + LIFETIME_MS).catch(trouble);
    return loginOf(session.grant.account, session.address, session);
  }

  async #byPassword(authorization: string, asker: Asker): Promise<Login> {
    const passport = passportIn(authorization);
    if (passport === undefined) throw new HttpRefusal(401, 'Authorization takes Basic or Bearer', CHALLENGE);
    const { account } = await this.#check(passport, 'api', asker);
    return loginOf(account.id, account.address, undefined);
  }

  async #check({ name, password }: Passport, scope: Extract<Scope, 'web' | 'api'>, asker: Asker): Promise<Welcome> {
    requirePrivacy(asker);
    const result = await this.#options.check.check({
      ...{ name, password, scope, protocol: 'http', mechanism: MECHANISMS[scope] },
      session: `web.${(++this.#attempts).toString(36)}`,
      peer: { origin: 'network', address: asker.address },
    });
    if (result.kind === 'welcome') return result;
    throw refusalOf(result);
  }
}

interface Request {
  readonly headers: Headers;
  readonly asker: Asker;
}

/** A session of its own for the browser that asks, and the cookie that it gets for it. @throws HttpRefusal, StoreError */
export async function begunSession(
  passport: Passport,
  { headers, asker }: Request,
  { logins, basePath }: { readonly logins: WebLogins; readonly basePath: string },
): Promise<{ readonly login: Login; readonly cookie: string }> {
  const { token, login } = await logins.begin(passport, asker, headers.get('User-Agent') ?? '');
  return { login, cookie: cookieOf(token, { path: basePath, isSecure: asker.isSecure }) };
}

/** No browser shows a window for it. */
export const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="Pennypost"' };

/** Set, or with no token taken away (RFC 6265). Scripts do not see it, and no other site's page sends it. */
export function cookieOf(token: string | undefined, { path, isSecure }: CookieScope): string {
  const lifetime = token === undefined ? 0 : LIFETIME_MS / 1000;
  const secure = isSecure ? '; Secure' : '';
  return `${COOKIE}=${token ?? ''}; Path=${path === '' ? '/' : path}; Max-Age=${lifetime}; HttpOnly; SameSite=Strict${secure}`;
}

function refusalOf(result: Exclude<LoginResult, Welcome>): HttpRefusal {
  switch (result.kind) {
    case 'wrong':
      return new HttpRefusal(401, 'the login or the password is wrong', CHALLENGE);
    case 'refused':
      return new HttpRefusal(429, 'too many logins failed; try again later', {
        'Retry-After': String(Math.ceil(result.retryAfterMs / 1000)),
      });
    case 'crowded':
      return new HttpRefusal(503, 'too many log in at this moment; try again', { 'Retry-After': '1' });
  }
}

function requirePrivacy({ isPrivate }: Asker): void {
  if (!isPrivate)
    throw new HttpRefusal(
      403,
      'a login could be overheard here; ask by HTTPS (--web-tls-port), or list the proxy in --web-proxy-networks',
    );
}

function loginOf(account: AccountId, address: string, session: WebSession | undefined): Login {
  const at = address.lastIndexOf('@');
  const mailbox = { local: address.slice(0, at), domain: address.slice(at + 1) };
  return { account, address, mailbox, session };
}

function idOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function cookieIn(cookies: string): string | undefined {
  const start = `${COOKIE}=`;
  const found = cookies.split('; ').find((cookie) => cookie.startsWith(start));
  return found?.slice(start.length);
}

/** What stands behind either word is `login:password` in base64. */
function passportIn(authorization: string): Passport | undefined {
  const [, encoded = ''] = /^(?:Basic|Bearer) +([\w+/=-]+)$/i.exec(authorization) ?? [];
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 1 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** It is shown to the account's owner in lists, and says what its sender chose. */
function printable(agent: string): string {
  return agent.replace(/[^\x20-\x7e]/g, '?').slice(0, AGENT_LIMIT_CHARACTERS);
}
