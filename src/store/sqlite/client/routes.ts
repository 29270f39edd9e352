/** Routes where they are used: changes go to the store, everything else is read here. */
import type { Routes } from '../../routes.js';
import type { Change } from '../protocol/change.js';
import { FrameType } from '../protocol/frames.js';
import type { OpenReads } from './open-reads.js';
import type { StoreClient } from './store-client.js';

export function routesOf(client: StoreClient, open: Pick<OpenReads, 'routes'>): Routes {
  return {
    findRoute: (destination, reversePath) => open.routes.find(destination, reversePath),
    listRoutes: () => open.routes.all(),
    async addRoute(route) {
      await client.askJson(FrameType.Change, { change: 'addRoute', given: [route] } satisfies Change<'addRoute'>);
    },
    async removeRoute({ scope, domain }) {
      const given = [{ scope, domain }] as const;
      await client.askJson(FrameType.Change, { change: 'removeRoute', given } satisfies Change<'removeRoute'>);
    },
  };
}
