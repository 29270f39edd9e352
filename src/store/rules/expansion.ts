/**
 * Where aliases lead, through other aliases, to accounts: each name is looked at once, many of them in one query, and none of it
 * goes on without bound. Used by who reads and by the store, on the connection of each.
 */
import type { Address } from '../shapes.js';
import type { Prepares, ReadStatement } from '../sqlite/database/reading-connection.js';

/** Maildrops that one forward-path may lead to, as Postfix has it (virtual_alias_expansion_limit); more are refused. */
export const EXPANSION_LIMIT = 1000;
/** Aliases may lead to aliases, so far; a longer chain is refused as a loop when it is made, and leads nowhere here. */
export const ALIAS_DEPTH_LIMIT = 10;

/** Names that are looked at for one path, aliases among them. */
export const NAMES_LIMIT = 2 * EXPANSION_LIMIT;
/** In one query, and before others are served. */
const NAMES_AT_ONCE = 128;

export interface AccountRow {
  readonly id: number;
  readonly address: string;
  /** Null without a quota. */
  readonly room: number | null;
}

/** `too-many` when a limit is passed. Its steps are short; a pause may be made between two. */
export type Expanding = Generator<undefined, readonly AccountRow[] | 'too-many', undefined>;

export class Expansion {
  readonly #accounts: ReadStatement<[names: string], AccountRow>;
  readonly #targets: ReadStatement<[names: string, limit: number], string>;

  constructor(connection: Prepares) {
    this.#accounts = connection.prepare(`
      select account.id as id, account.local || '@' || domain.name as address,
             account.quota_octets - account.octets as room
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
  }

  /** The accounts that these names lead to, each once. A name that is in `seen` is not followed again. */
  *accounts(names: readonly string[], seen = new Set<string>()): Expanding {
    const found: AccountRow[] = [];
    let looked = 0;
    let level = unseen(names, seen);
    for (let depth = 1; level.length > 0 && depth <= ALIAS_DEPTH_LIMIT; depth++) {
      const next: string[] = [];
      for (let from = 0; from < level.length; from += NAMES_AT_ONCE) {
        if (seen.size > NAMES_LIMIT) return 'too-many';
        if (looked >= NAMES_AT_ONCE) yield;
        const slice = level.slice(from, from + NAMES_AT_ONCE);
        looked = (looked % NAMES_AT_ONCE) + slice.length;
        const accounts = this.#accounts.all(parted(slice));
        found.push(...accounts);
        if (found.length > EXPANSION_LIMIT) return 'too-many';
        next.push(...unseen(this.targets(without(slice, accounts)), seen));
      }
      level = next;
    }
    return found;
  }

  /** What aliases of these names lead to directly; one more than the limit at most. */
  targets(names: readonly string[]): readonly string[] {
    return names.length === 0 ? [] : this.#targets.all(parted(names), NAMES_LIMIT + 1);
  }

  /** Those of these names that are accounts. */
  accountsAmong(names: readonly string[]): readonly AccountRow[] {
    return this.#accounts.all(parted(names));
  }
}

/** As tables hold it, `local@domain`. */
export function addressOf(name: string): Address {
  const at = name.lastIndexOf('@');
  return { local: name.slice(0, at), domain: name.slice(at + 1) };
}

/** Those that are new; they are seen now. */
function unseen(names: readonly string[], seen: Set<string>): readonly string[] {
  return names.filter((name) => !seen.has(name) && seen.add(name));
}

function without(names: readonly string[], accounts: readonly AccountRow[]): readonly string[] {
  if (accounts.length === names.length) return [];
  const known = new Set(accounts.map(({ address }) => address));
  return names.filter((name) => !known.has(name));
}

/** Local part and domain of each, for the queries. */
function parted(names: readonly string[]): string {
  return JSON.stringify(names.map(addressOf).map(({ local, domain }) => [local, domain]));
}
