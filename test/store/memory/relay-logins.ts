/** Logins at relays of the store in memory. */
import { StoreError } from '../../../src/store/errors.js';
import type { RelayLogin, RelayLogins } from '../../../src/store/relay-logins.js';
import { refusals } from '../../../src/store/rules/refusals.js';
import {
  claimedLogin,
  failedLogin,
  madeLogin,
  refreshedLogin,
  summaryOf,
} from '../../../src/store/rules/relay-logins.js';
import type { MemoryStore } from './store.js';

export function relayLoginsOf(store: MemoryStore): RelayLogins {
  const logins = (): Map<string, RelayLogin> => store.data.relayLogins;
  const change = async <T>(act: () => T): Promise<T> =>
    store.answers(() => {
      store.requireLife();
      return act();
    });
  const become = (user: string, version: number, rule: (login: RelayLogin) => RelayLogin | undefined) =>
    change(() => {
      const login = logins().get(user);
      const next = login?.version === version ? rule(login) : undefined;
      if (next !== undefined) logins().set(user, next);
      return next === undefined ? 0 : 1;
    });
  return {
    findRelayLogin: (user) => store.answers(() => logins().get(user)),
    listRelayLogins: () =>
      store.answers(() =>
        [...logins().values()].map(summaryOf).toSorted((one, other) => (one.user < other.user ? -1 : 1)),
      ),
    setRelayLogin: (login) =>
      change(() => {
        logins().set(login.user, madeLogin(logins().get(login.user), login, Date.now()));
        store.server.wake();
      }),
    removeRelayLogin: (user) =>
      change(() => {
        if (!logins().delete(user)) throw new StoreError('missing', refusals.noRelayLogin(user));
      }),
    claimRelayLogin: (user, version, claimMs) =>
      become(user, version, (login) => claimedLogin(login, claimMs, Date.now())),
    async refreshRelayLogin(user, version, tokens) {
      const count = await become(user, version, (login) => refreshedLogin(login, tokens, Date.now()));
      store.server.wake();
      return count;
    },
    failRelayLogin: (user, version, failure) =>
      become(user, version, (login) => failedLogin(login, failure, Date.now())),
  };
}
