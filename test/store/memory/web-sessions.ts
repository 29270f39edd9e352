/** Those who have logged in by HTTP, in memory. */
import { StoreError } from '../../../src/store/errors.js';
import { addressText } from '../../../src/store/rules/names.js';
import { missing, refusals } from '../../../src/store/rules/refusals.js';
import { WEB_SESSIONS_LIMIT } from '../../../src/store/rules/web-sessions.js';
import type { Address } from '../../../src/store/shapes.js';
import type { WebSession, WebSessions } from '../../../src/store/web-sessions.js';
import type { MemoryStore } from './store.js';

export function webSessionsOf(store: MemoryStore): WebSessions {
  const { data } = store;
  const change = async (act: () => void): Promise<void> => {
    await store.answers(() => {
      store.requireLife();
      act();
    });
  };
  const accountOf = (address: Address) =>
    data.byAddress.get(addressText(address)) ?? missing(refusals.noAccount(addressText(address)));
  const isLive = ({ untilMs, grant }: Pick<WebSession, 'untilMs' | 'grant'>): boolean =>
    untilMs > Date.now() && data.byId.has(grant.account);
  const ofAccount = (id: number): readonly WebSession[] =>
    [...data.webSessions.values()]
      .filter((session) => session.grant.account === id && isLive(session))
      .toSorted((one, other) => other.seenAtMs - one.seenAtMs);
  return {
    findWebSession: (id) =>
      store.answers(() => {
        const found = data.webSessions.get(id);
        return found !== undefined && isLive(found) ? found : undefined;
      }),
    listWebSessions: (address) => store.answers(() => ofAccount(accountOf(address).id)),
    addWebSession: (session) =>
      change(() => {
        const nowMs = Date.now();
        const address = data.byId.get(session.grant.account)?.address ?? '';
        data.webSessions.set(session.id, { ...session, address, sinceMs: nowMs, seenAtMs: nowMs });
        for (const { id } of ofAccount(session.grant.account).slice(WEB_SESSIONS_LIMIT)) data.webSessions.delete(id);
      }),
    extendWebSession: (id, client, untilMs) =>
      change(() => {
        const found = data.webSessions.get(id);
        if (found !== undefined) data.webSessions.set(id, { ...found, client, untilMs, seenAtMs: Date.now() });
      }),
    removeWebSession: (address, id) =>
      change(() => {
        const { id: account } = accountOf(address);
        if (data.webSessions.get(id)?.grant.account !== account) throw new StoreError('missing', refusals.noWebSession);
        data.webSessions.delete(id);
      }),
  };
}
