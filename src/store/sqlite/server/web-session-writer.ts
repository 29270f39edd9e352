/** Those who have logged in by HTTP, as the store changes them. Runs inside a transaction that somebody else begins and commits. */
import { missing, refusals } from '../../rules/refusals.js';
import { WEB_SESSIONS_LIMIT } from '../../rules/web-sessions.js';
import type { NewWebSession } from '../../web-sessions.js';
import type { Connection } from '../database/driver.js';
import { newWebSessionRow, prepareWebSessionWrites, type WebSessionWrites } from '../database/web-sessions.js';

export class WebSessionWriter {
  readonly #writes: WebSessionWrites;

  constructor(connection: Connection) {
    this.#writes = prepareWebSessionWrites(connection);
  }

  add(session: NewWebSession): void {
    const { account } = session.grant;
    this.#writes.expire.run(Date.now());
    this.#writes.add.run(newWebSessionRow(session, Date.now()));
    this.#writes.trim.run(account, account, WEB_SESSIONS_LIMIT);
  }

  extend(id: string, client: string, untilMs: number): void {
    this.#writes.extend.run(Date.now(), client, untilMs, id);
  }

  /** @throws StoreError 'missing' */
  remove(account: number, id: string): void {
    if (this.#writes.remove.run(account, id).changes === 0) missing(refusals.noWebSession);
  }
}
