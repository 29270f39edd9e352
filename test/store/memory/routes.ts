/** Routes of the store in memory, by the rules of every driver. */
import type { Routes } from '../../../src/store/routes.js';
import { missing, refusals, refuse } from '../../../src/store/rules/refusals.js';
import { firstOf, routeKeys, ROUTES_LIMIT, textOfKey } from '../../../src/store/rules/routes.js';
import type { MemoryStore } from './store.js';

export function routesOf(store: MemoryStore): Routes {
  const { data } = store;
  const change = async (domain: string, act: () => void): Promise<void> => {
    await store.answers(() => {
      store.requireLife();
      act();
      data.queue.rests.delete(domain);
      store.server.wake();
    });
  };
  return {
    findRoute: (destination, reversePath) =>
      store.answers(() => {
        const keys = routeKeys(destination, reversePath);
        const found = keys.map((key) => data.routes.get(textOfKey(key))).filter((route) => route !== undefined);
        return firstOf(keys, found);
      }),
    listRoutes: () =>
      store.answers(() =>
        [...data.routes].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, route]) => route),
      ),
    addRoute: (route) =>
      change(route.domain, () => {
        if (route.scope === 'destination' && data.hasDomain(route.domain)) refuse(refusals.routeIsLocal(route.domain));
        const key = textOfKey(route);
        if (!data.routes.has(key) && data.routes.size >= ROUTES_LIMIT) refuse(refusals.tooManyRoutes(ROUTES_LIMIT));
        data.routes.set(key, route);
      }),
    removeRoute: (key) =>
      change(key.domain, () => {
        if (!data.routes.delete(textOfKey(key))) missing(refusals.noRoute(key.scope, key.domain));
      }),
  };
}
