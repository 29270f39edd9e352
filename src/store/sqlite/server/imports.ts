/**
 * Which messages came by an import, so that none comes twice, and the UIDLs that some of them have kept (deliveries.ts, `Imported`).
 * A UIDL that was once in a maildrop is never given to another message there.
 */
import type { Imported, LocalRecipient } from '../../deliveries.js';
import type { AccountId } from '../../shapes.js';
import { mayKeepUidl } from '../../rules/imports.js';
import type { Connection, Statement } from '../database/database.js';

export class ImportTable {
  readonly #known: Statement<[account: number, key: Uint8Array], number>;
  readonly #any: Statement<[account: number], number>;
  readonly #taken: Statement<[account: number, uidl: string], number>;
  readonly #validity: Statement<[account: number], string>;
  readonly #add: Statement<[account: number, key: Uint8Array, uid: number, uidl: string | null, at: number]>;

  constructor(connection: Connection) {
    this.#known = connection
      .prepare<[number, Uint8Array], number>('select 1 from imported where account = ? and key = ?')
      .pluck();
    this.#any = connection.prepare<[number], number>('select 1 from imported where account = ? limit 1').pluck();
    this.#taken = connection
      .prepare<[number, string], number>('select 1 from imported where account = ? and uidl = ?')
      .pluck();
    this.#validity = connection.prepare<[number], string>('select validity from account where id = ?').pluck();
    this.#add = connection.prepare('insert into imported (account, key, uid, uidl, at) values (?, ?, ?, ?, ?)');
  }

  isKnown({ account, imported }: LocalRecipient): boolean {
    return imported !== undefined && this.#known.get(account, imported.key) !== undefined;
  }

  /** Whether the account ever had one. */
  hasAny(account: AccountId): boolean {
    return this.#any.get(account) !== undefined;
  }

  add(account: AccountId, uid: number, { key, uidl }: Imported): void {
    this.#add.run(account, key, uid, uidl !== undefined && this.#isFree(account, uidl) ? uidl : null, Date.now());
  }

  #isFree(account: AccountId, uidl: string): boolean {
    return mayKeepUidl(uidl, this.#validity.get(account) ?? '') && this.#taken.get(account, uidl) === undefined;
  }
}
