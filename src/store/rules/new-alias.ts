/** Which aliases and forwards may be made: they lead to names that are there or elsewhere, never back to themselves, and to no more than one path may. */
import {
  type Addressee,
  ALIAS_DEPTH_LIMIT,
  expandAtOnce,
  EXPANSION_LIMIT,
  NAMES_LIMIT,
  type Aliases,
} from './expansion.js';
import { refuse } from './refusals.js';

/**
 * `targets` are added to those that the alias has.
 * @throws StoreError 'refused'
 */
export function requireSoundAlias<Account extends Addressee>(
  alias: string,
  targets: readonly string[],
  aliases: Aliases<Account>,
): void {
  if (aliases.accounts([alias]).length > 0) refuse(`${alias} is an account; an alias needs a name of its own`);
  requireSoundTargets(alias, targets, aliases);
}

/** The same for an account that is to forward there. @throws StoreError 'refused' */
export function requireSoundTargets<Account extends Addressee>(
  alias: string,
  targets: readonly string[],
  aliases: Aliases<Account>,
): void {
  if (targets.length > EXPANSION_LIMIT) refuse(tooMany(alias));
  requireNames(alias, targets, aliases);
  requireEnd(alias, targets, aliases);
  requireFew(alias, [...aliases.targets([alias]), ...targets], aliases);
}

/** Each is an account, an alias, or in another domain. */
function requireNames<Account extends Addressee>(
  alias: string,
  names: readonly string[],
  aliases: Aliases<Account>,
): void {
  const accounts = new Set(aliases.accounts(names).map(({ address }) => address));
  const elsewhere = new Set(aliases.elsewhere(names));
  for (const name of names)
    if (
      ![accounts, elsewhere].some((known) => known.has(name)) &&
      name !== alias &&
      aliases.targets([name]).length === 0
    )
      refuse(`${name} is neither an account nor an alias here; add it first`);
}

/** None leads back to the alias; a chain too long to follow counts as a loop. Each name is looked at once. @throws StoreError 'refused' */
export function requireEnd(alias: string, names: readonly string[], aliases: Pick<Aliases<never>, 'targets'>): void {
  const seen = new Set<string>();
  let level = new Map(names.map((name) => [name, name])); // What each was reached through.
  for (let depth = 1; level.size > 0; depth++) {
    for (const [name, through] of level)
      if (name === alias || depth > ALIAS_DEPTH_LIMIT) refuse(`${alias} would lead to itself through ${through}`);
    const next: [string, string][] = [];
    for (const [name, through] of level) {
      seen.add(name);
      next.push(...unseen(aliases.targets([name]), seen).map((target): [string, string] => [target, through]));
    }
    level = new Map(next);
    if (seen.size > NAMES_LIMIT) refuse(tooMany(alias));
  }
}

/** They lead to no more accounts than one path may. */
function requireFew<Account extends Addressee>(
  alias: string,
  names: readonly string[],
  aliases: Aliases<Account>,
): void {
  if (expandAtOnce(names, aliases) === 'too-many') refuse(tooMany(alias));
}

function unseen(names: readonly string[], seen: ReadonlySet<string>): readonly string[] {
  return names.filter((name) => !seen.has(name));
}

function tooMany(alias: string): string {
  return `${alias} would lead to more than ${EXPANSION_LIMIT} addresses; a mailing list program serves so many`;
}
