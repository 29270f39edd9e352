/** Routes in their table, on the connection of whoever asks or changes. */
import type { Route, RouteAction, RouteKey } from '../../routes.js';
import { firstOf, routeKeys, ROUTES_LIMIT } from '../../rules/routes.js';
import type { Connection, Statement } from './database.js';
import type { Prepares, ReadStatement } from './reading-connection.js';

interface Row {
  readonly scope: string;
  readonly domain: string;
  readonly action: string;
}

export class RouteReads {
  readonly #wanted: ReadStatement<[keys: string], Row>;
  readonly #all: ReadStatement<[limit: number], Row>;

  constructor(connection: Prepares) {
    this.#wanted = connection.prepare(`
      select route.scope, route.domain, route.action
      from json_each(?) as wanted
      cross join route on route.scope = wanted.value ->> 'scope' and route.domain = wanted.value ->> 'domain'`);
    this.#all = connection.prepare('select scope, domain, action from route order by scope, domain limit ? + 0');
  }

  find(destination: string, reversePath: string): Route | undefined {
    const keys = routeKeys(destination, reversePath);
    return firstOf(keys, this.#wanted.all(JSON.stringify(keys)).map(routeOf));
  }

  all(): readonly Route[] {
    return this.#all.all(ROUTES_LIMIT).map(routeOf);
  }
}

export class RouteWrites {
  readonly #add: Statement<[scope: string, domain: string, action: string]>;
  readonly #remove: Statement<[scope: string, domain: string]>;
  readonly #others: Statement<[scope: string, domain: string], number>;

  constructor(connection: Connection) {
    this.#add = connection.prepare('insert or replace into route (scope, domain, action) values (?, ?, ?)');
    this.#remove = connection.prepare('delete from route where scope = ? and domain = ?');
    this.#others = connection
      .prepare<[string, string], number>('select count(*) from route where (scope, domain) <> (?, ?)')
      .pluck();
  }

  /** Whether there is room beside all others. */
  hasRoom({ scope, domain }: RouteKey): boolean {
    return (this.#others.get(scope, domain) ?? 0) < ROUTES_LIMIT;
  }

  add({ scope, domain, action }: Route): void {
    this.#add.run(scope, domain, JSON.stringify(action));
  }

  /** Whether it was there. */
  remove({ scope, domain }: RouteKey): boolean {
    return this.#remove.run(scope, domain).changes > 0;
  }
}

function routeOf({ scope, domain, action }: Row): Route {
  return { scope: scope as Route['scope'], domain, action: JSON.parse(action) as RouteAction };
}
