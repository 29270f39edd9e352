/** Accounts and aliases by their names, on the connection of whoever follows them. */
import { addressOf } from '../../rules/names.js';
import { NAMES_LIMIT, type Aliases } from '../../rules/expansion.js';
import type { Prepares, ReadStatement } from './reading-connection.js';

export interface AccountRow {
  readonly id: number;
  readonly address: string;
  /** Null without a quota. */
  readonly free_octets: number | null;
}

export class AliasRows implements Aliases<AccountRow> {
  readonly #accounts: ReadStatement<[names: string], AccountRow>;
  readonly #targets: ReadStatement<[names: string, limit: number], string>;
  readonly #elsewhere: ReadStatement<[names: string], number>;

  constructor(connection: Prepares) {
    this.#accounts = connection.prepare(`
      select account.id as id, account.local || '@' || domain.name as address,
             account.quota_octets - account.octets as free_octets
      from json_each(?) as wanted
      cross join domain on domain.name = wanted.value ->> 1
      cross join account on account.domain = domain.id and account.local = wanted.value ->> 0
      where account.removed = 0`);
    this.#targets = connection
      .prepare<[string, number], string>(
        `
      select alias.target
      from json_each(?) as wanted
      cross join domain on domain.name = wanted.value ->> 1
      cross join alias on alias.domain = domain.id and alias.local = wanted.value ->> 0
      limit ? + 0`,
      )
      .pluck();
    this.#elsewhere = connection
      .prepare<[string], number>(
        `
      select wanted.key from json_each(?) as wanted
      where not exists (select 1 from domain where domain.name = wanted.value ->> 1)`,
      )
      .pluck();
  }

  elsewhere(names: readonly string[]): readonly string[] {
    return this.#elsewhere.all(namesForQuery(names)).map((place) => names[place] ?? '');
  }

  accounts(names: readonly string[]): readonly AccountRow[] {
    return this.#accounts.all(namesForQuery(names));
  }

  targets(names: readonly string[]): readonly string[] {
    return names.length === 0 ? [] : this.#targets.all(namesForQuery(names), NAMES_LIMIT + 1);
  }
}

/** Local part and domain of each. */
function namesForQuery(names: readonly string[]): string {
  return JSON.stringify(names.map(addressOf).map(({ local, domain }) => [local, domain]));
}
