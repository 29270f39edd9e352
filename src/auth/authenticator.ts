/**
 * Who may log in: one place for every protocol. The check runs off the event loop, and an unknown name
 * costs as much time as a wrong password.
 */
import type { Account, MailStore } from '../store/store.js';
import { decoyHash, verifyPassword } from './password.js';

export class Authenticator {
  readonly #store: MailStore;

  constructor(store: MailStore) {
    this.#store = store;
  }

  /** Undefined for an unknown name and for a wrong password alike. @throws StoreError */
  async check(name: string, password: string): Promise<Account | undefined> {
    const account = await this.#store.findLogin(name);
    const right = await verifyPassword(password, account?.passwordHash ?? decoyHash);
    return right ? account : undefined;
  }
}
