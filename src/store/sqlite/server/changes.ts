/**
 * Changes of the directory: who has an account, which domains are ours, where aliases lead.
 * Run inside the store's transaction. A change that makes no sense throws a StoreError 'refused' with a sentence
 * for people, before anything is written.
 */
import { randomBytes } from 'node:crypto';
import type { DeviceChange, NewDevice } from '../../devices.js';
import type { ExpireDays, NewCredential } from '../../directory.js';
import type { Route, RouteKey } from '../../routes.js';
import type { Address, Secrets } from '../../shapes.js';
import type { Connection } from '../database/database.js';
import { addressElsewhere, addressOf, addressText, CATCH_ALL, normalizeLocalPart } from '../../rules/names.js';
import { requireSoundAlias } from '../../rules/new-alias.js';
import { CREDENTIALS_LIMIT, missing, refusals, refuse } from '../../rules/refusals.js';
import { ROUTES_LIMIT } from '../../rules/routes.js';
import { AliasRows } from '../database/aliases.js';
import { RouteWrites } from '../database/route-rows.js';
import type { DeviceTable } from '../database/devices.js';
import { changedSettings, DEVICES_LIMIT, isSameName, requireOwnNetworks } from '../../rules/devices.js';

const VALIDITY_BYTES = 9;

interface AliasTarget {
  readonly domain: number;
  readonly local: string;
  readonly target: string;
}

export class Changes {
  readonly #connection: Connection;
  readonly #aliases: AliasRows;
  readonly #routes: RouteWrites;
  readonly #devices: DeviceTable;

  constructor(connection: Connection, devices: DeviceTable) {
    this.#devices = devices;
    this.#connection = connection;
    this.#aliases = new AliasRows(connection);
    this.#routes = new RouteWrites(connection);
  }

  /** Undefined when there is no such account. */
  accountId({ local, domain }: Address): number | undefined {
    return this.#one(
      `select account.id from account join domain on domain.id = account.domain
       where domain.name = ? and local = ? and removed = 0`,
      domain,
      normalizeLocalPart(local),
    );
  }

  /** @throws StoreError 'missing' */
  requireAccount(address: Address): number {
    return this.accountId(address) ?? missing(refusals.noAccount(addressText(address)));
  }

  get hasAccounts(): boolean {
    return this.#one('select 1 from account where removed = 0 limit 1') !== undefined;
  }

  ensureDomain(name: string): void {
    const { changes } = this.#connection.prepare('insert or ignore into domain (name) values (?)').run(name);
    if (changes > 0) this.#normalizeTargets(name);
  }

  addAccount(address: Address, { hash, scram }: Secrets): void {
    const name = addressText(address);
    if (address.local === CATCH_ALL) refuse(refusals.accountNeedsName);
    if (this.accountId(address) !== undefined) refuse(refusals.accountExists(name));
    if (this.#aliasTargets(address).length > 0) refuse(refusals.isAlias(name));
    this.ensureDomain(address.domain);
    this.#run(
      `insert into account (local, domain, password_hash, scram, validity, created_at)
       values (?, (select id from domain where name = ?), ?, ?, ?, ?)`,
      normalizeLocalPart(address.local),
      address.domain,
      hash,
      scram ?? null,
      validity(),
      Date.now(),
    );
  }

  /** Nothing leads to the account any more, and nobody can log in to it. */
  detachAccount(address: Address, id: number): void {
    this.#run('delete from alias where target = ?', addressText(address));
    this.#run('delete from credential where account = ?', id);
    this.#run('delete from web_session where account = ?', id);
    this.#run('delete from submitted where account = ?', id);
    this.#devices.detach(id);
  }

  /** It has no messages. */
  deleteAccount(id: number): void {
    this.#run('delete from account where id = ?', id);
  }

  setPassword(address: Address, { hash, scram }: Secrets): void {
    const id = this.requireAccount(address);
    this.#run(
      'update account set password_hash = ?, scram = ?, password_version = password_version + 1 where id = ?',
      hash,
      scram ?? null,
      id,
    );
    this.#run('delete from web_session where account = ? and credential is null', id);
  }

  setEnabled(address: Address, enabled: boolean): void {
    this.#run('update account set enabled = ? where id = ?', Number(enabled), this.requireAccount(address));
  }

  setKeepsMail(address: Address, keepsMail: boolean): void {
    this.#run('update account set keeps_mail = ? where id = ?', Number(keepsMail), this.requireAccount(address));
  }

  setExpiry(address: Address, days: ExpireDays): void {
    const stored = { never: 0, default: null };
    const value = typeof days === 'number' ? days : stored[days];
    this.#run('update account set expire_days = ? where id = ?', value, this.requireAccount(address));
  }

  setDomainExpiry(name: string, days: number | undefined): void {
    this.#run('update domain set expire_days = ? where id = ?', days ?? null, this.requireDomain(name));
  }

  addCredential(address: Address, { name, scopes, hash, scram }: NewCredential): void {
    const id = this.requireAccount(address);
    const count = this.#one('select count(*) from credential where account = ?', id) ?? 0;
    if (this.#credentialId(id, name) !== undefined) refuse(refusals.credentialExists(addressText(address), name));
    if (count >= CREDENTIALS_LIMIT) refuse(refusals.tooManyCredentials(addressText(address), count));
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

  removeCredential(address: Address, name: string): void {
    const account = this.requireAccount(address);
    const id = this.#credentialId(account, name) ?? missing(refusals.noCredential(addressText(address), name));
    this.#run('delete from hidden where account = ? and view = ?', account, id);
    this.#run('delete from web_session where account = ? and credential = ?', account, id);
    this.#run('delete from credential where id = ?', id);
  }

  #credentialId(account: number, name: string): number | undefined {
    return this.#one('select id from credential where account = ? and name = ?', account, name);
  }

  addDevice({ account, ...settings }: NewDevice): void {
    const { name, networks } = settings;
    const listed = this.#devices.listed();
    if (listed.some((one) => isSameName(one.name, name))) refuse(refusals.deviceExists(name));
    if (listed.length >= DEVICES_LIMIT) refuse(refusals.tooManyDevices(listed.length));
    requireOwnNetworks(name, networks, listed);
    this.#devices.add(settings, account && this.requireAccount(account));
  }

  setDevice(change: DeviceChange): void {
    const { name, networks = [], account, without = [] } = change;
    const listed = this.#devices.listed();
    const before = listed.find((one) => isSameName(one.name, name)) ?? missing(refusals.noDevice(name));
    requireOwnNetworks(name, networks, listed);
    const kept = without.includes('account') ? undefined : before.account?.grant.account;
    this.#devices.set(changedSettings(before, change), account === undefined ? kept : this.requireAccount(account));
  }

  removeDevice(name: string): void {
    if (!this.#devices.remove(name)) missing(refusals.noDevice(name));
  }

  addDomain(name: string): void {
    if (this.#domainId(name) !== undefined) refuse(refusals.domainExists(name));
    this.ensureDomain(name);
  }

  /** @throws StoreError 'missing' */
  requireDomain(name: string): number {
    return this.#domainId(name) ?? missing(refusals.noDomain(name));
  }

  /** Returns the number that it had. */
  removeDomain(name: string): number {
    const id = this.requireDomain(name);
    const accounts = this.#one('select count(*) from account where domain = ? and removed = 0', id) ?? 0;
    if (accounts > 0) refuse(refusals.domainHasAccounts(name, accounts));
    if (this.#one('select 1 from account where domain = ?', id) !== undefined) refuse(refusals.domainIsSwept(name));
    this.#run('delete from alias where domain = ?', id);
    // They would lead out of here all at once.
    this.#run('delete from alias where substr(target, -length(?)) = ?', `@${name}`, `@${name}`);
    this.#run('delete from domain where id = ?', id);
    return id;
  }

  addAlias(address: Address, targets: readonly Address[]): void {
    this.ensureDomain(address.domain); // Before anything is asked: none of its names is elsewhere.
    const names = targets.map((target) => this.#targetText(target));
    requireSoundAlias(addressText(address), names, this.#aliases);
    const domain = this.#domainId(address.domain) as number;
    const add = this.#connection.prepare('insert or ignore into alias values (?, ?, ?)');
    for (const target of names) add.run(domain, normalizeLocalPart(address.local), target);
  }

  removeAlias(address: Address, targets: readonly Address[]): void {
    const domain = this.#domainId(address.domain);
    const known = this.#aliasTargets(address);
    if (domain === undefined || known.length === 0) missing(refusals.noAlias(addressText(address)));
    const local = normalizeLocalPart(address.local);
    if (targets.length === 0) return this.#run('delete from alias where domain = ? and local = ?', domain, local);
    const there = new Set(known);
    const remove = this.#connection.prepare('delete from alias where domain = ? and local = ? and target = ?');
    for (const target of targets.map((each) => this.#targetText(each))) {
      if (!there.has(target)) missing(refusals.noTarget(addressText(address), target));
      remove.run(domain, local, target);
    }
  }

  addRoute(route: Route): void {
    const { scope, domain } = route;
    if (scope === 'destination' && this.#domainId(domain) !== undefined) refuse(refusals.routeIsLocal(domain));
    if (!this.#routes.hasRoom(route)) refuse(refusals.tooManyRoutes(ROUTES_LIMIT));
    this.#routes.add(route);
  }

  removeRoute(key: RouteKey): void {
    if (!this.#routes.remove(key)) missing(refusals.noRoute(key.scope, key.domain));
  }

  #aliasTargets({ local, domain }: Address): readonly string[] {
    return this.#connection
      .prepare<[string, string], string>(
        'select target from alias join domain on domain.id = alias.domain where domain.name = ? and alias.local = ?',
      )
      .pluck()
      .all(domain, normalizeLocalPart(local));
  }

  /** The domain is new here: whoever had it may have told cases apart, and here names are compared without. */
  #normalizeTargets(domain: string): void {
    const rows = this.#connection
      .prepare<[string, string], AliasTarget>(
        'select domain, local, target from alias where substr(target, -length(?)) = ?',
      )
      .all(`@${domain}`, `@${domain}`);
    const change = this.#connection.prepare(
      'update or replace alias set target = ? where domain = ? and local = ? and target = ?',
    );
    for (const { domain: of, local, target } of rows) change.run(addressText(addressOf(target)), of, local, target);
  }

  #targetText(target: Address): string {
    return this.#domainId(target.domain) === undefined ? addressElsewhere(target) : addressText(target);
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

/** Never the same for two accounts, nor for one made again: the moment, and chance. */
function validity(): string {
  return `${Date.now().toString(36)}${randomBytes(VALIDITY_BYTES).toString('hex')}`;
}
