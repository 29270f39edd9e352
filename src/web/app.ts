/**
 * From a request to a row of the table of routes: whose name it asks for, whether another site's page made it, what stands in it. A
 * refusal is `{"error": "…"}` with its status; what no request should meet is told to `bug`, and the client learns nothing of it.
 */
import type { HttpBindings } from '@hono/node-server';
import type { TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Networks } from '../ip/networks.js';
import { askerOf, isOwnName, type Asker } from './asker.js';
import type { WebContext } from './context.js';
import { HttpRefusal, refusalResponse, type AnyRoute } from './route.js';
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
    const limit = bodyLimit({ maxSize: route.bodyLimitBytes ?? BODY_LIMIT_BYTES, onError: tooLarge });
    app.on(route.method, basePath + route.path, limit, async (c) => route.run(await requestOf(c, route), context));
  }
  app.notFound(() => refusalResponse(new HttpRefusal(404, 'there is nothing here')));
  app.onError((error) => {
    if (error instanceof HttpRefusal) return refusalResponse(error);
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

async function requestOf(c: Context<Env>, route: AnyRoute): Promise<Parameters<AnyRoute['run']>[0]> {
  return {
    params: fromText(route.params, c.req.param()),
    query: fromText(route.query, c.req.query()),
    body: route.body === undefined ? undefined : held(route.body, await jsonOf(c)),
    ...{ headers: c.req.raw.headers, asker: c.var.asker, gone: c.req.raw.signal },
  };
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

/** A form of another site cannot send this type without asking first. */
async function jsonOf(c: Context<Env>): Promise<unknown> {
  if (!/^application\/json\b/i.test(c.req.header('Content-Type') ?? ''))
    throw new HttpRefusal(415, 'the body must be application/json');
  try {
    return await c.req.json();
  } catch {
    throw new HttpRefusal(400, 'the body is no JSON');
  }
}

/** Browsers say where a page is from that makes a request; programs need not. */
function refuseOtherSites(c: Context<Env>, { origin }: Asker): void {
  if (SAFE_METHODS.includes(c.req.method)) return;
  const [from, site] = [c.req.header('Origin'), c.req.header('Sec-Fetch-Site') ?? 'none'];
  if ((from !== undefined && from !== origin) || !['same-origin', 'none'].includes(site))
    throw new HttpRefusal(403, 'pages of other sites may change nothing here');
}

function misdirected(name = ''): HttpRefusal {
  const what = name === '' ? 'the Host header names nobody' : `${name} is no name of this server; --web-names adds one`;
  return new HttpRefusal(421, what);
}

function tooLarge(): Response {
  return refusalResponse(new HttpRefusal(413, 'the body is too large'));
}
