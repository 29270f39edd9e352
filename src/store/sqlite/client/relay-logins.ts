/** Logins at relays where they are used: changes go to the store, everything else is read here. */
import type { RelayLogins } from '../../relay-logins.js';
import { summaryOf } from '../../rules/relay-logins.js';
import { relayLoginOf } from '../database/relay-logins.js';
import type { ChangeName } from '../protocol/change.js';
import type { OpenReads } from './open-reads.js';
import type { StoreClient } from './store-client.js';

/** A server has a handful of relays. */
const LIST_LIMIT = 1_000;

export class RelayLoginReader implements Pick<RelayLogins, 'findRelayLogin' | 'listRelayLogins'> {
  readonly #open: OpenReads;

  constructor(open: OpenReads) {
    this.#open = open;
  }

  /** @throws StoreError */
  findRelayLogin(user: string) {
    const row = this.#open.relayLogins.login.get(user);
    return row && relayLoginOf(row);
  }

  /** @throws StoreError */
  listRelayLogins() {
    return this.#open.relayLogins.logins.all(LIST_LIMIT).map((row) => summaryOf(relayLoginOf(row)));
  }
}

export function relayLoginsOf(client: StoreClient, reader: RelayLoginReader): RelayLogins {
  const counted =
    <Name extends ChangeName & keyof RelayLogins>(change: Name) =>
    async (...given: Parameters<RelayLogins[Name]>): Promise<number> =>
      (await client.change(change, ...given)) as number;
  return {
    findRelayLogin: (user) => reader.findRelayLogin(user),
    listRelayLogins: () => reader.listRelayLogins(),
    async setRelayLogin(login) {
      await client.change('setRelayLogin', login);
    },
    async removeRelayLogin(user) {
      await client.change('removeRelayLogin', user);
    },
    claimRelayLogin: counted('claimRelayLogin'),
    refreshRelayLogin: counted('refreshRelayLogin'),
    failRelayLogin: counted('failRelayLogin'),
  };
}
