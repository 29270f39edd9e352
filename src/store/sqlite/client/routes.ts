/** Routes where they are used: changes go to the store, everything else is read here. */
import type { Routes } from '../../routes.js';
import type { OpenReads } from './open-reads.js';
import type { StoreClient } from './store-client.js';

export function routesOf(client: StoreClient, open: Pick<OpenReads, 'routes'>): Routes {
  return {
    findRoute: (destination, reversePath) => open.routes.find(destination, reversePath),
    listRoutes: () => open.routes.all(),
    async addRoute(route) {
      await client.change('addRoute', route);
    },
    async removeRoute({ scope, domain }) {
      await client.change('removeRoute', { scope, domain });
    },
  };
}
