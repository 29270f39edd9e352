/**
 * A call by HTTP as one row of a table (routes.ts): its path, who may make it, what may stand in it, and what it answers. What comes is
 * held to the schemas before `run` sees it; they are JSON Schema, so that a description of the API can be made of the same rows.
 */
import type { Static, TObject, TSchema } from '@sinclair/typebox';
import type { MaybePromise } from '../store/shapes.js';
import type { Asker } from './asker.js';
import type { WebContext } from './context.js';

export interface Route<P extends TObject, Q extends TObject, B extends TSchema> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below --web-base-path; `:id` is one of `params`. */
  readonly path: string;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  /** JSON. */
  readonly body?: B;
  /** Of a body; 64 KiB unless told. */
  readonly bodyLimitBytes?: number;
  /** By status, what it means. */
  readonly answers: Readonly<Record<number, RouteAnswer>>;
  readonly run: (request: RouteRequest<Static<P>, Static<Q>, Static<B>>, context: WebContext) => MaybePromise<Response>;
}

export interface RouteAnswer {
  readonly what: string;
  readonly schema?: TSchema;
}

export interface RouteRequest<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly headers: Headers;
  readonly asker: Asker;
  /** The client went away. */
  readonly gone: AbortSignal;
}

export type AnyRoute = Route<TObject, TObject, TSchema>;

/** Only here the types of a row's own schemas are known; `app.ts` holds every request to them. */
export function defineRoute<P extends TObject, Q extends TObject, B extends TSchema>(route: Route<P, Q, B>): AnyRoute {
  return route as unknown as AnyRoute;
}

/** Why a request is not done: its status, and a sentence that the client reads. */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, sentence: string, headers: Readonly<Record<string, string>> = {}) {
    super(sentence);
    this.status = status;
    this.headers = headers;
  }
}

export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(value, { status, headers });
}

/** How every refusal looks, whoever makes it. */
export function refusalResponse({ status, message, headers }: HttpRefusal): Response {
  return json({ error: message }, status, headers);
}
