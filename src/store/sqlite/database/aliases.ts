/** Accounts and aliases by their names, on the connection of whoever follows them. */
import type { Room } from '../../quotas.js';
import { addressOf } from '../../rules/names.js';
import { quotaOf } from '../../rules/quotas.js';
import { NAMES_LIMIT, type Addressee, type Aliases } from '../../rules/expansion.js';
import type { Prepares, ReadStatement } from './reading-connection.js';

export interface AccountRow extends Addressee {
  readonly id: number;
  readonly domain: number;
  /** Null where octets do not count, and so on. */
  readonly free_octets: number | null;
  readonly free_messages: number | null;
  readonly domain_free_octets: number | null;
  readonly domain_free_messages: number | null;
  /** 1: it is disabled, and takes no mail. */
  readonly refuses: number;
  /** 1: it may answer. */
  readonly autoreplies: number;
}

/** What is left of the quota of the account, and of that of its domain. */
export function roomsOf(row: AccountRow): readonly Room[] {
  return [
    ...roomOf(quotaOf.account(row.id), row.free_octets, row.free_messages),
    ...roomOf(quotaOf.domain(row.domain), row.domain_free_octets, row.domain_free_messages),
  ];
}

function roomOf(quota: string, freeOctets: number | null, freeMessages: number | null): readonly Room[] {
  if (freeOctets === null && freeMessages === null) return [];
  return [{ quota, ...(freeOctets !== null && { freeOctets }), ...(freeMessages !== null && { freeMessages }) }];
}

export class AliasRows implements Aliases<AccountRow> {
  readonly #accounts: ReadStatement<[names: string], AccountRow>;
  readonly #targets: ReadStatement<[names: string, limit: number], string>;
  readonly #elsewhere: ReadStatement<[names: string], number>;

  constructor(connection: Prepares) {
    this.#accounts = connection.prepare(`
      select addressee.* from json_each(?) as wanted
      cross join domain on domain.name = wanted.value ->> 1
      cross join addressee on addressee.domain = domain.id and addressee.local = wanted.value ->> 0`);
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
