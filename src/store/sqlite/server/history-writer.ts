/**
 * Writes down what came and who logged in (db/README.md), inside a transaction that somebody else begins and commits. While the
 * disk is nearly full nothing is written: the room is for mail.
 */
import type { Connection, Statement } from '../database/database.js';
import type { ArrivalRow, HistoryRows, LoginRow } from '../protocol/history.js';

const HOUR_MS = 3_600_000;

export class HistoryWriter {
  readonly #addArrival: Statement<[ArrivalRow]>;
  readonly #addLogin: Statement<[LoginRow & { readonly hour: number }]>;
  readonly #isShort: () => boolean;

  constructor(connection: Connection, isShort: () => boolean) {
    this.#isShort = isShort;
    this.#addArrival = connection.prepare(`
      insert into arrival (at, address, helo, tls, login, reverse_path, recipient, octets, message, code, reply, times)
      values (:atMs, :address, :helo, :tls, :login, :reversePath, :recipient, :octets, :message, :code, :reply, :times)`);
    this.#addLogin = connection.prepare(`
      insert into login (hour, account, address, protocol, mechanism, credential, outcome, reason, first_at, last_at, times)
      values (:hour, :account, :address, :protocol, :mechanism, :credential, :outcome, :reason, :atMs, :atMs, :times)
      on conflict do update set last_at = max(last_at, excluded.last_at), times = times + excluded.times`);
  }

  add({ logins, arrivals }: HistoryRows): void {
    if (this.#isShort()) return;
    for (const arrival of arrivals) this.#addArrival.run(arrival);
    for (const login of logins) this.#addLogin.run({ ...login, hour: Math.floor(login.atMs / HOUR_MS) });
  }
}
