/**
 * Changes of the directory: who has an account, which domains are ours, where aliases lead.
 * Run inside the store's transaction. A change that makes no sense throws a StoreError 'refused' with a sentence
 * for people, before anything is written.
 */
import { randomBytes } from 'node:crypto';
import type { NewCredential } from '../../directory.js';
import { StoreError } from '../../errors.js';
import type { Address, Secrets } from '../../shapes.js';
import type { Connection } from '../database/database.js';
import type { Change, SetQuota } from '../protocol/change.js';
import { addressOf, ALIAS_DEPTH_LIMIT, Expansion, EXPANSION_LIMIT, NAMES_LIMIT } from '../../rules/expansion.js';
import { normal } from '../database/names.js';

/** What takes rights away. */
const RIGHTS: ReadonlySet<Change['kind']> = new Set([
  'remove-account',
  'set-password',
  'set-enabled',
  'remove-credential',
]);

const VALIDITY_BYTES = 9;
/** All of them are compared at each login, so a login's time has a bound; more are refused. */
const CREDENTIALS_LIMIT = 50;

export class Changes {
  readonly #connection: Connection;
  readonly #expansion: Expansion;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#expansion = new Expansion(connection);
  }

  apply(change: Exclude<Change, SetQuota | { kind: 'remove-account' }>): void {
    switch (change.kind) {
      case 'add-account':
        return this.#addAccount(change.address, change.secrets);
      case 'set-password':
        return this.#setPassword(change.address, change.secrets);
      case 'set-enabled':
        return this.#setEnabled(change.address, change.enabled);
      case 'add-credential':
        return this.#addCredential(change.address, change.credential);
      case 'remove-credential':
        return this.#removeCredential(change.address, change.name);
      case 'add-domain':
        return this.#addDomain(change.name);
      case 'remove-domain':
        return this.#removeDomain(change.name);
      case 'add-alias':
        return this.#addAlias(change.address, change.targets);
      case 'remove-alias':
        return this.#removeAlias(change.address, change.targets);
    }
  }

  /** Undefined when there is no such account. */
  accountId({ local, domain }: Address): number | undefined {
    return this.#one(
      `select account.id from account join domain on domain.id = account.domain
       where domain.name = ? and local = ? and removed = 0`,
      domain,
      normal(local),
    );
  }

  /** Whose logins may not stand any more when this is done; undefined when everybody's do. Asked before it is. */
  concerned(change: Change): number | undefined {
    return RIGHTS.has(change.kind) && 'address' in change ? this.accountId(change.address) : undefined;
  }

  /** @throws StoreError 'missing' */
  requireAccount(address: Address): number {
    return this.accountId(address) ?? missing(`There is no account ${written(address)}`);
  }

  get hasAccounts(): boolean {
    return this.#one('select 1 from account where removed = 0 limit 1') !== undefined;
  }

  ensureDomain(name: string): void {
    this.#run('insert or ignore into domain (name) values (?)', name);
  }

  #addAccount(address: Address, { hash, scram }: Secrets): void {
    const name = written(address);
    if (address.local === '*') refuse("An account needs a name; '*' is for aliases");
    if (this.accountId(address) !== undefined) refuse(`There is an account ${name} already`);
    if (this.#aliasTargets(address).length > 0) refuse(`${name} is an alias; remove the alias first`);
    this.ensureDomain(address.domain);
    this.#run(
      `insert into account (local, domain, password_hash, scram, validity, created_at)
       values (?, (select id from domain where name = ?), ?, ?, ?, ?)`,
      normal(address.local),
      address.domain,
      hash,
      scram ?? null,
      validity(),
      Date.now(),
    );
  }

  /** Nothing leads to the account any more, and nobody can log in to it. */
  detachAccount(address: Address, id: number): void {
    this.#run('delete from alias where target = ?', written(address));
    this.#run('delete from credential where account = ?', id);
  }

  /** It has no messages. */
  deleteAccount(id: number): void {
    this.#run('delete from account where id = ?', id);
  }

  #setPassword(address: Address, { hash, scram }: Secrets): void {
    const id = this.requireAccount(address);
    this.#run(
      'update account set password_hash = ?, scram = ?, password_version = password_version + 1 where id = ?',
      hash,
      scram ?? null,
      id,
    );
  }

  #setEnabled(address: Address, enabled: boolean): void {
    this.#run('update account set enabled = ? where id = ?', Number(enabled), this.requireAccount(address));
  }

  #addCredential(address: Address, { name, scopes, hash, scram }: NewCredential): void {
    const id = this.requireAccount(address);
    const count = this.#one('select count(*) from credential where account = ?', id) ?? 0;
    if (this.#credentialId(id, name) !== undefined) refuse(`${written(address)} has a credential '${name}' already`);
    if (count >= CREDENTIALS_LIMIT) refuse(`${written(address)} has ${count} credentials; remove one first`);
    this.#run(
      'insert into credential (account, name, scopes, hash, scram, created_at) values (?, ?, ?, ?, ?, ?)',
      id,
      name,
      scopes.toSorted().join(),
      hash,
      scram ?? null,
      Date.now(),
    );
  }

  #removeCredential(address: Address, name: string): void {
    const account = this.requireAccount(address);
    const id = this.#credentialId(account, name) ?? missing(`${written(address)} has no credential '${name}'`);
    this.#run('delete from credential where id = ?', id);
  }

  #credentialId(account: number, name: string): number | undefined {
    return this.#one('select id from credential where account = ? and name = ?', account, name);
  }

  #addDomain(name: string): void {
    if (this.#domainId(name) !== undefined) refuse(`${name} is local already`);
    this.#run('insert into domain (name) values (?)', name);
  }

  #removeDomain(name: string): void {
    const id = this.#domainId(name) ?? missing(`${name} is not a local domain`);
    const accounts = this.#one('select count(*) from account where domain = ? and removed = 0', id) ?? 0;
    if (accounts > 0) refuse(`${name} has accounts (${accounts}); remove them first`);
    if (this.#one('select 1 from account where domain = ?', id) !== undefined)
      refuse(`The mail of accounts that ${name} had is still being deleted; try again in a moment`);
    this.#run('delete from alias where domain = ?', id);
    this.#run('delete from domain where id = ?', id);
  }

  #addAlias(address: Address, targets: readonly Address[]): void {
    const name = written(address);
    if (this.accountId(address) !== undefined) refuse(`${name} is an account; an alias needs a name of its own`);
    if (targets.length > EXPANSION_LIMIT) refuse(tooMany(name));
    const names = targets.map(written);
    this.#requireNames(names, name);
    this.#requireEnd(names, name);
    this.#requireFew([...this.#aliasTargets(address), ...names], name);
    this.ensureDomain(address.domain);
    const domain = this.#domainId(address.domain) as number;
    const add = this.#connection.prepare('insert or ignore into alias values (?, ?, ?)');
    for (const target of names) add.run(domain, normal(address.local), target);
  }

  /** Each is an account or an alias. */
  #requireNames(names: readonly string[], alias: string): void {
    const accounts = new Set(this.#expansion.accountsAmong(names).map(({ address }) => address));
    for (const name of names)
      if (!accounts.has(name) && name !== alias && this.#aliasTargets(addressOf(name)).length === 0)
        refuse(`${name} is neither an account nor an alias here; add it first`);
  }

  /** None leads back to the alias; a chain too long to follow counts as a loop. Each name is looked at once. */
  #requireEnd(names: readonly string[], alias: string): void {
    const seen = new Set<string>();
    const levels = new Map(names.map((name) => [name, name])); // What each was reached through.
    for (let depth = 1; levels.size > 0; depth++) {
      for (const [name, through] of levels)
        if (name === alias || depth > ALIAS_DEPTH_LIMIT) refuse(`${alias} would lead to itself through ${through}`);
      const next: [string, string][] = [];
      for (const [name, through] of levels) {
        seen.add(name);
        for (const target of this.#expansion.targets([name])) if (!seen.has(target)) next.push([target, through]);
      }
      levels.clear();
      for (const [name, through] of next) levels.set(name, through);
      if (seen.size > NAMES_LIMIT) refuse(tooMany(alias));
    }
  }

  /** They lead to no more accounts than one path may. */
  #requireFew(names: readonly string[], alias: string): void {
    const expanding = this.#expansion.accounts(names);
    let step = expanding.next();
    while (step.done !== true) step = expanding.next();
    if (step.value === 'too-many') refuse(tooMany(alias));
  }

  #removeAlias(address: Address, targets: readonly Address[]): void {
    const domain = this.#domainId(address.domain);
    const known = this.#aliasTargets(address);
    if (domain === undefined || known.length === 0) missing(`There is no alias ${written(address)}`);
    const local = normal(address.local);
    if (targets.length === 0) return this.#run('delete from alias where domain = ? and local = ?', domain, local);
    const there = new Set(known);
    const remove = this.#connection.prepare('delete from alias where domain = ? and local = ? and target = ?');
    for (const target of targets.map(written)) {
      if (!there.has(target)) missing(`${written(address)} does not lead to ${target}`);
      remove.run(domain, local, target);
    }
  }

  #aliasTargets({ local, domain }: Address): readonly string[] {
    return this.#connection
      .prepare<[string, string], string>(
        'select target from alias join domain on domain.id = alias.domain where domain.name = ? and alias.local = ?',
      )
      .pluck()
      .all(domain, normal(local));
  }

  #domainId(name: string): number | undefined {
    return this.#one('select id from domain where name = ?', name);
  }

  #one(sql: string, ...values: unknown[]): number | undefined {
    return this.#connection
      .prepare<unknown[], number>(sql)
      .pluck()
      .get(...values);
  }

  #run(sql: string, ...values: unknown[]): void {
    this.#connection.prepare(sql).run(...values);
  }
}

/** As tables hold it: in lower case, unquoted. */
function written({ local, domain }: Address): string {
  return `${normal(local)}@${domain}`;
}

function tooMany(alias: string): string {
  return `${alias} would lead to more than ${EXPANSION_LIMIT} accounts; a mailing list program serves so many`;
}

/** Never the same for two accounts, nor for one made again: the moment, and chance. */
function validity(): string {
  return `${Date.now().toString(36)}${randomBytes(VALIDITY_BYTES).toString('hex')}`;
}

function refuse(why: string): never {
  throw new StoreError('refused', why);
}

function missing(why: string): never {
  throw new StoreError('missing', why);
}
