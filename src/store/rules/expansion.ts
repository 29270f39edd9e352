/**
 * Where aliases lead, through other aliases and accounts that forward, to accounts and to other domains: each name is looked at once, many of them in one query, and none of it
 * goes on without bound.
 */

/** Maildrops and addresses elsewhere that one forward-path may lead to, all together, as Postfix has it (virtual_alias_expansion_limit); more are refused. */
export const EXPANSION_LIMIT = 1000;
/** Aliases may lead to aliases, so far; a longer chain is refused as a loop when it is made, and leads nowhere here. */
export const ALIAS_DEPTH_LIMIT = 10;
/** Names that are looked at for one path, aliases among them. */
export const NAMES_LIMIT = 2 * EXPANSION_LIMIT;
/** In one query, and before others are served. */
const NAMES_AT_ONCE = 128;

/** Where an account's mail goes: into its maildrop, to the targets under its name, or both. */
export type Forwards = 0 | 1 | 2;

/** One that a name leads to. */
export interface Addressee {
  readonly address: string;
  readonly forwards: Forwards;
  /** Whether it takes no mail, and forwards none. */
  readonly refuses: boolean | number;
}

export function takesMail({ refuses }: Addressee): boolean {
  return !refuses;
}

export function keepsMail({ forwards, refuses }: Addressee): boolean {
  return forwards !== 1 || Boolean(refuses);
}

export function isForwarding({ forwards, refuses }: Addressee): boolean {
  return forwards !== 0 && !refuses;
}

/** A driver's accounts and aliases; names are `local@domain`. */
export interface Aliases<Account extends Addressee> {
  /** Those of these names that are accounts. */
  accounts(names: readonly string[]): readonly Account[];
  /** What aliases of these names, and accounts that forward, lead to directly; one more than NAMES_LIMIT at most. */
  targets(names: readonly string[]): readonly string[];
  /** Those of these names whose domain is not local, as they were given. */
  elsewhere(names: readonly string[]): readonly string[];
}

/** What names lead to, each once. */
export interface Expansion<Account> {
  readonly accounts: readonly Account[];
  /** Addresses in other domains. */
  readonly elsewhere: readonly string[];
}

/** `too-many` when a limit is passed. Its steps are short; a pause may be made between two. */
export type Expanding<Account> = Generator<undefined, Expansion<Account> | 'too-many', undefined>;

/** Where these names lead. */
export function* expand<Account extends Addressee>(
  names: readonly string[],
  aliases: Aliases<Account>,
): Expanding<Account> {
  const seen = new Set<string>();
  const found: Account[] = [];
  const elsewhere: string[] = [];
  let looked = 0;
  let level = unseen(names, seen);
  for (let depth = 1; level.length > 0 && depth <= ALIAS_DEPTH_LIMIT; depth++) {
    const next: string[] = [];
    for (let from = 0; from < level.length; from += NAMES_AT_ONCE) {
      if (seen.size > NAMES_LIMIT) return 'too-many';
      if (looked >= NAMES_AT_ONCE) yield;
      const slice = level.slice(from, from + NAMES_AT_ONCE);
      looked = (looked % NAMES_AT_ONCE) + slice.length;
      const accounts = aliases.accounts(slice);
      const others = without(
        slice,
        accounts.filter((account) => !isForwarding(account)),
      );
      found.push(...accounts.filter(keepsMail));
      if (others.length > 0) elsewhere.push(...aliases.elsewhere(others));
      if (found.length + elsewhere.length > EXPANSION_LIMIT) return 'too-many';
      next.push(...unseen(aliases.targets(others), seen));
    }
    level = next;
  }
  return { accounts: found, elsewhere };
}

/** Without a pause. */
export function expandAtOnce<Account extends Addressee>(
  names: readonly string[],
  aliases: Aliases<Account>,
): Expansion<Account> | 'too-many' {
  const expanding = expand(names, aliases);
  let step = expanding.next();
  while (step.done !== true) step = expanding.next();
  return step.value;
}

/** Those that are new; they are seen now. */
function unseen(names: readonly string[], seen: Set<string>): readonly string[] {
  return names.filter((name) => !seen.has(name) && seen.add(name));
}

function without(names: readonly string[], accounts: readonly { readonly address: string }[]): readonly string[] {
  if (accounts.length === names.length) return [];
  const known = new Set(accounts.map(({ address }) => address));
  return names.filter((name) => !known.has(name));
}
