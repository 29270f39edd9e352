/**
 * From a request to a row of the table of routes: whose name it asks for, whether another site's page made it, what stands in it. A
 * refusal is `{"error": "…"}` with its status; what no request should meet is told to `bug`, and the client learns nothing of it.
 */
import type { HttpBindings } from '@hono/node-server';
import type { TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Hono, type Context } from 'hono';
import type { Networks } from '../ip/networks.js';
import { StoreError } from '../store/errors.js';
import { askerOf, isOwnName, type Asker } from './asker.js';
import type { WebContext } from './context.js';
import { CHALLENGE, type Login, type WebLogins } from './login.js';
import { HttpRefusal, refusalResponse } from './answer.js';
import { type AnyRoute } from './route.js';
import { SECURITY_HEADERS } from './security-headers.js';

export interface AppOptions {
  readonly routes: readonly AnyRoute[];
  readonly context: WebContext;
  readonly basePath: string;
  /** Those of the server, in lower case. */
  readonly names: readonly string[];
  readonly proxies: Networks;
  readonly bug: (error: unknown) => void;
}

interface Env {
  readonly Bindings: HttpBindings;
  readonly Variables: { asker: Asker };
}

const BODY_LIMIT_BYTES = 64 * 1024;
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

export function createApp({ routes, context, basePath, names, proxies, bug }: AppOptions): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    const asker = askerOf(c.env.incoming, proxies);
    if (asker === undefined || !isOwnName(asker.name, names)) throw misdirected(asker?.name);
    refuseOtherSites(c, asker);
    c.set('asker', asker);
    await next();
  });
  for (const route of routes) {
    app.on(route.method, basePath + route.path, async (c) => route.run(await requestOf(c, route, context), context));
  }
  app.notFound(() => refusalResponse(new HttpRefusal(404, 'there is nothing here')));
  app.onError((error) => {
    if (error instanceof HttpRefusal) return refusalResponse(error);
    if (error instanceof StoreError) return refusalResponse(storeRefusal(error));
    bug(error);
    return refusalResponse(new HttpRefusal(500, "a bug failed the request; the server's log has the rest"));
  });
  return app;
}

/** With what every browser is told; what the answer says itself stands. */
export async function answer(app: Hono<Env>, request: Request, env: HttpBindings): Promise<Response> {
  const response = await app.fetch(request, env);
  const headers = new Headers(SECURITY_HEADERS);
  for (const [name, value] of response.headers) if (name !== 'set-cookie') headers.set(name, value);
  for (const cookie of response.headers.getSetCookie()) headers.append('Set-Cookie', cookie);
  return new Response(response.body, { status: response.status, headers });
}

/** Whoever may not make the call is told before anything of it is read. */
async function requestOf(
  c: Context<Env>,
  route: AnyRoute,
  { logins, isMonitor }: WebContext,
): Promise<Parameters<AnyRoute['run']>[0]> {
  if (route.access === 'monitor' && !isMonitor(c.var.asker))
    throw new HttpRefusal(403, 'only this machine and --metrics-networks may ask for that');
  const login = route.access === 'account' ? await loginOf(c, logins) : undefined;
  return {
    login,
    params: fromText(route.params, c.req.param()),
    query: fromText(route.query, c.req.query()),
    body: route.body === undefined ? undefined : held(route.body, await jsonOf(c.req.raw, route)),
    ...{ headers: c.req.raw.headers, asker: c.var.asker, gone: c.req.raw.signal },
  };
}

async function loginOf(c: Context<Env>, logins: WebLogins): Promise<Login> {
  const login = await logins.find(c.req.raw.headers, c.var.asker);
  if (login === undefined) throw new HttpRefusal(401, 'log in first', CHALLENGE);
  return login;
}

/** Of values that URLs have as text. */
function fromText(schema: TSchema | undefined, values: Readonly<Record<string, string>>): Record<string, unknown> {
  if (schema === undefined) return {};
  return held(schema, Value.Convert(schema, Value.Default(schema, values))) as Record<string, unknown>;
}

function held(schema: TSchema, value: unknown): unknown {
  const wrong = Value.Errors(schema, value).First();
  if (wrong === undefined) return value;
  throw new HttpRefusal(400, `${wrong.path.slice(1).replaceAll('/', '.') || 'the request'}: ${wrong.message}`);
}

/** A form of another site cannot send this type without asking first. A request without a body says nothing of what it might. */
async function jsonOf(request: Request, { bodyLimitBytes = BODY_LIMIT_BYTES }: AnyRoute): Promise<unknown> {
  const octets = await bytesOf(request, bodyLimitBytes);
  if (octets.length === 0 && request.headers.get('Content-Type') === null) return {};
  if (!/^application\/json\b/i.test(request.headers.get('Content-Type') ?? ''))
    throw new HttpRefusal(415, 'the body must be application/json');
  const text = octets.toString();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new HttpRefusal(400, 'the body is no JSON');
  }
}

/** Counted as they come: not every client says before how many there will be. @throws HttpRefusal */
async function bytesOf({ body }: Request, limitBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > limitBytes) throw new HttpRefusal(413, 'the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Browsers say where a page is from that makes a request; programs need not. */
function refuseOtherSites(c: Context<Env>, { origin }: Asker): void {
  if (SAFE_METHODS.includes(c.req.method)) return;
  const [from, site] = [c.req.header('Origin'), c.req.header('Sec-Fetch-Site') ?? 'none'];
  if ((from !== undefined && from !== origin) || !['same-origin', 'none'].includes(site))
    throw new HttpRefusal(403, 'pages of other sites may change nothing here');
}

/** What its sentence says is for people where a change makes no sense; elsewhere it tells of this machine. */
function storeRefusal({ kind, message }: StoreError): HttpRefusal {
  if (kind === 'missing') return new HttpRefusal(404, message);
  if (kind === 'refused' || kind === 'over-quota') return new HttpRefusal(409, message);
  if (kind === 'in-use') return new HttpRefusal(409, 'a mail program has the maildrop open; try again when it is done');
  return new HttpRefusal(503, 'the mail cannot be reached at this moment; try again', { 'Retry-After': '2' });
}

function misdirected(name = ''): HttpRefusal {
  const what = name === '' ? 'the Host header names nobody' : `${name} is no name of this server; --web-names adds one`;
  return new HttpRefusal(421, what);
}
