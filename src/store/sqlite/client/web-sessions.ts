/** Those who have logged in by HTTP, where they are used: changes go to the store, everything else is read here. */
import type { WebSessions } from '../../web-sessions.js';
import { webSessionOf } from '../database/web-sessions.js';
import type { Reader } from './reader.js';
import type { StoreClient } from './store-client.js';

export function webSessionsOf(client: StoreClient, reader: Reader): WebSessions {
  return {
    findWebSession(id) {
      const row = reader.webSessions.session.get(id, Date.now());
      return row && webSessionOf(row);
    },
    listWebSessions(address) {
      const account = reader.directory.accountId(address);
      return reader.webSessions.sessions.all(account, Date.now()).map(webSessionOf);
    },
    async addWebSession(session) {
      await client.change('addWebSession', session);
    },
    async extendWebSession(id, from, untilMs) {
      await client.change('extendWebSession', id, from, untilMs);
    },
    async removeWebSession(address, id) {
      await client.change('removeWebSession', address, id);
    },
  };
}
