/**
 * Changes of what names mean: which domains are ours, or other names of ours; who has which name; where aliases and accounts that
 * forward lead. As the other changes of the directory (changes.ts), run inside the store's transaction.
 */
import type { Address } from '../../shapes.js';
import type { Connection } from '../database/database.js';
import { addressElsewhere, addressOf, addressText, CATCH_ALL, normalizeLocalPart } from '../../rules/names.js';
import { requireEnd, requireSoundAlias, requireSoundTargets } from '../../rules/new-alias.js';
import { missing, refusals, refuse } from '../../rules/refusals.js';
import { AliasRows } from '../database/aliases.js';
import { OneOff } from './one-off.js';

interface AliasTarget {
  readonly domain: number;
  readonly local: string;
  readonly target: string;
  /** The name of the domain. */
  readonly place: string;
}

export class NameChanges {
  readonly #connection: Connection;
  readonly #aliases: AliasRows;
  readonly #sql: OneOff;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#aliases = new AliasRows(connection);
    this.#sql = new OneOff(connection);
  }

  /** Undefined when there is no such account. */
  accountId({ local, domain }: Address): number | undefined {
    return this.#sql.one(
      `select account.id from account
       where account.domain = ? and local = ? and removed = 0`,
      this.#placeId(domain),
      normalizeLocalPart(local),
    );
  }

  /** @throws StoreError 'missing' */
  requireAccount(address: Address): number {
    return this.accountId(address) ?? missing(refusals.noAccount(addressText(address)));
  }

  ensureDomain(name: string): void {
    if (this.#sql.run('insert or ignore into domain (name) values (?)', name) > 0) this.#normalizeTargets(name);
  }

  /** Nobody has it, and its domain is local from now on. */
  take(address: Address): void {
    const name = addressText(address);
    if (address.local === CATCH_ALL) refuse(refusals.accountNeedsName);
    this.#requireOwnNames(address.domain);
    if (this.accountId(address) !== undefined) refuse(refusals.accountExists(name));
    if (this.#aliasTargets(address).length > 0) refuse(refusals.isAlias(name));
    this.ensureDomain(address.domain);
  }

  /** Returns the domain that it is of now. */
  renameAccount(address: Address, to: Address, leavesAlias: boolean): number {
    const id = this.requireAccount(address);
    this.take(to);
    const [before, after] = [this.#placed(address), to];
    const [from, domain] = [this.#placeId(before.domain), this.#placeId(to.domain) as number];
    const [was, local] = [normalizeLocalPart(before.local), normalizeLocalPart(to.local)];
    requireEnd(addressText(after), this.#aliases.targets([addressText(before)]), this.#aliases); // Its domain may have been elsewhere.
    this.#sql.run('update alias set domain = ?, local = ? where domain = ? and local = ?', domain, local, from, was);
    this.#sql.run(
      `update account set domain = ?, local = ?, password_version = password_version + 1, name_version = password_version + 1
       where id = ?`,
      domain,
      local,
      id,
    );
    this.#sql.run('delete from web_session where account = ?', id);
    this.#sql.run('update or replace alias set target = ? where target = ?', addressText(after), addressText(before));
    if (leavesAlias) this.addAlias(before, [after]);
    return domain;
  }

  setForward(address: Address, targets: readonly Address[], keeps: boolean): void {
    const id = this.requireAccount(address);
    const placed = this.#placed(address);
    const [name, domain] = [addressText(placed), this.#placeId(placed.domain) as number];
    const local = normalizeLocalPart(placed.local);
    this.#sql.run('delete from alias where domain = ? and local = ?', domain, local); // And it forwards no more.
    if (targets.length === 0) return;
    const names = targets.map((target) => this.#targetText(target));
    requireSoundTargets(name, names, this.#aliases);
    this.#addTargets(domain, local, names);
    this.#sql.run('update account set forwards = ? where id = ?', keeps ? 2 : 1, id);
  }

  /** Nothing leads to the account any more, and it leads nowhere. */
  detach(address: Address): void {
    const placed = this.#placed(address);
    const [domain, local] = [this.#placeId(placed.domain), normalizeLocalPart(placed.local)];
    this.#sql.run('delete from alias where target = ?', addressText(placed));
    this.#sql.run('delete from alias where domain = ? and local = ?', domain, local);
  }

  isLocal(domain: string): boolean {
    return this.#domainId(domain) !== undefined;
  }

  addDomain(name: string): void {
    if (this.#domainId(name) !== undefined) refuse(refusals.domainExists(name));
    this.ensureDomain(name);
  }

  /** One that has names of its own. @throws StoreError 'missing', and 'refused' for an alias of another */
  requireDomain(name: string): number {
    const id = this.#domainId(name) ?? missing(refusals.noDomain(name));
    this.#requireOwnNames(name);
    return id;
  }

  addDomainAlias(name: string, of: string): void {
    if (name === of) refuse(refusals.domainOfItself(name));
    const real = this.requireDomain(of);
    const known = this.#domainId(name);
    if (known !== undefined) this.#requireNoNames(name, known);
    this.ensureDomain(name);
    this.#sql.run(
      `update domain set alias_of = ?, quota_octets = null, quota_messages = null, messages = null, octets = null, expire_days = null
       where name = ?`,
      real,
      name,
    );
    // What led there may come back to where it began.
    for (const alias of this.#renameTargets(`@${name}`, (target) => ({ ...addressOf(target), domain: of })))
      requireEnd(alias, this.#aliases.targets([alias]), this.#aliases);
  }

  /** Nobody gets mail under it, and it stands for nothing else. */
  #requireNoNames(name: string, id: number): void {
    this.#requireOwnNames(name);
    this.#requireNoAccounts(name, id);
    if (this.#sql.one('select 1 from alias where domain = ? limit 1', id) !== undefined)
      refuse(refusals.domainHasNames(name));
  }

  #requireNoAccounts(name: string, id: number): void {
    const accounts = this.#sql.one('select count(*) from account where domain = ? and removed = 0', id) ?? 0;
    if (accounts > 0) refuse(refusals.domainHasAccounts(name, accounts));
    if (this.#sql.one('select 1 from account where domain = ?', id) !== undefined) refuse(refusals.domainIsSwept(name));
    if (this.#sql.one('select 1 from domain where alias_of = ? limit 1', id) !== undefined)
      refuse(refusals.domainHasAliases(name));
  }

  #requireOwnNames(name: string): void {
    const real = this.#realName(name);
    if (real !== undefined) refuse(refusals.domainIsAlias(name, real));
  }

  /** Returns the number that it had. */
  removeDomain(name: string): number {
    const id = this.#domainId(name) ?? missing(refusals.noDomain(name));
    this.#requireNoAccounts(name, id);
    this.#sql.run('delete from alias where domain = ?', id);
    // They would lead out of here all at once.
    this.#sql.run('delete from alias where substr(target, -length(?)) = ?', `@${name}`, `@${name}`);
    this.#sql.run('delete from domain where id = ?', id);
    return id;
  }

  addAlias(address: Address, targets: readonly Address[]): void {
    this.#requireOwnNames(address.domain);
    this.ensureDomain(address.domain); // Before anything is asked: none of its names is elsewhere.
    const names = targets.map((target) => this.#targetText(target));
    requireSoundAlias(addressText(address), names, this.#aliases);
    const domain = this.#domainId(address.domain) as number;
    this.#addTargets(domain, normalizeLocalPart(address.local), names);
  }

  #addTargets(domain: number, local: string, names: readonly string[]): void {
    const add = this.#connection.prepare('insert or ignore into alias values (?, ?, ?)');
    for (const target of names) add.run(domain, local, target);
  }

  removeAlias(address: Address, targets: readonly Address[]): void {
    const domain = this.#placeId(address.domain);
    const known = this.#aliasTargets(address);
    if (domain === null || known.length === 0 || this.accountId(address) !== undefined)
      missing(refusals.noAlias(addressText(address)));
    const local = normalizeLocalPart(address.local);
    if (targets.length === 0) {
      this.#sql.run('delete from alias where domain = ? and local = ?', domain, local);
      return;
    }
    const there = new Set(known);
    const remove = this.#connection.prepare('delete from alias where domain = ? and local = ? and target = ?');
    for (const target of targets.map((each) => this.#targetText(each))) {
      if (!there.has(target)) missing(refusals.noTarget(addressText(address), target));
      remove.run(domain, local, target);
    }
  }

  #aliasTargets({ local, domain }: Address): readonly string[] {
    return this.#connection
      .prepare<[number | null, string], string>('select target from alias where domain = ? and local = ?')
      .pluck()
      .all(this.#placeId(domain), normalizeLocalPart(local));
  }

  /** The domain is new here: whoever had it may have told cases apart, and here names are compared without. */
  #normalizeTargets(domain: string): void {
    this.#renameTargets(`@${domain}`, addressOf);
  }

  /** Of aliases whose targets end so, each becomes another. Returns their names. */
  #renameTargets(end: string, rename: (target: string) => Address): ReadonlySet<string> {
    const rows = this.#connection
      .prepare<[string, string], AliasTarget>(
        `select alias.domain, alias.local, alias.target, domain.name as place
         from alias join domain on domain.id = alias.domain
         where substr(alias.target, -length(?)) = ?`,
      )
      .all(end, end);
    const change = this.#connection.prepare(
      'update or replace alias set target = ? where domain = ? and local = ? and target = ?',
    );
    for (const { domain: of, local, target } of rows) change.run(addressText(rename(target)), of, local, target);
    return new Set(rows.map(({ local, place }) => `${local}@${place}`));
  }

  #targetText(target: Address): string {
    return this.#domainId(target.domain) === undefined ? addressElsewhere(target) : addressText(this.#placed(target));
  }

  /** Under the name of the domain that has its names. */
  #placed({ local, domain }: Address): Address {
    return { local, domain: this.#realName(domain) ?? domain };
  }

  /** Of an alias the domain that it is. */
  #realName(name: string): string | undefined {
    return this.#connection
      .prepare<[string], string>(
        'select real.name from domain join domain as real on real.id = domain.alias_of where domain.name = ?',
      )
      .pluck()
      .get(name);
  }

  /** The domain whose names these are; null for none. */
  #placeId(name: string): number | null {
    return this.#sql.one('select coalesce(alias_of, id) from domain where name = ?', name) ?? null;
  }

  #domainId(name: string): number | undefined {
    return this.#sql.one('select id from domain where name = ?', name);
  }
}
