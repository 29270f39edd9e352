/**
 * A call by HTTP as one row of a table (routes.ts): its path, who may make it, what may stand in it, and what it answers. What comes is
 * held to the schemas before `run` sees it; they are JSON Schema, so that a description of the API can be made of the same rows.
 */
import type { Static, TObject, TSchema } from '@sinclair/typebox';
import type { MaybePromise } from '../store/shapes.js';
import type { Asker } from './asker.js';
import type { WebContext } from './context.js';
import type { Login } from './login.js';

/** Who may make a call: `account`, whoever has logged in, by a session or with a password; `monitor`, this machine and --metrics-networks. */
export type Access = 'anyone' | 'account' | 'monitor';

export interface Route<A extends Access, P extends TObject, Q extends TObject, B extends TSchema> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below --web-base-path; `:id` is one of `params`. */
  readonly path: string;
  readonly summary: string;
  readonly access: A;
  readonly params?: P;
  readonly query?: Q;
  /** JSON. */
  readonly body?: B;
  /** Of a body; 64 KiB unless told. */
  readonly bodyLimitBytes?: number;
  /** By status, what it means. */
  readonly answers: Readonly<Record<number, RouteAnswer>>;
  readonly run: (
    request: RouteRequest<A, Static<P>, Static<Q>, Static<B>>,
    context: WebContext,
  ) => MaybePromise<Response>;
}

export interface RouteAnswer {
  readonly what: string;
  readonly schema?: TSchema;
}

export interface RouteRequest<A extends Access, P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly headers: Headers;
  readonly asker: Asker;
  /** Of a call for accounts. */
  readonly login: A extends 'account' ? Login : undefined;
  /** The client went away. */
  readonly gone: AbortSignal;
}

export type AnyRoute = Route<Access, TObject, TObject, TSchema>;

/** Only here the types of a row's own schemas are known; `app.ts` holds every request to them. */
export function defineRoute<const A extends Access, P extends TObject, Q extends TObject, B extends TSchema>(
  route: Route<A, P, Q, B>,
): AnyRoute {
  return route as unknown as AnyRoute;
}
