/**
 * Changes of the directory: who has an account, with which passwords, which devices and routes there are (names: name-changes.ts).
 * Run inside the store's transaction. A change that makes no sense throws a StoreError 'refused' with a sentence
 * for people, before anything is written.
 */
import { randomBytes } from 'node:crypto';
import type { DeviceChange, NewDevice } from '../../devices.js';
import type { ExpireDays, NewCredential } from '../../directory.js';
import type { Route, RouteKey } from '../../routes.js';
import type { Address, Secrets } from '../../shapes.js';
import type { Connection } from '../database/database.js';
import { addressText, normalizeLocalPart } from '../../rules/names.js';
import { CREDENTIALS_LIMIT, missing, refusals, refuse } from '../../rules/refusals.js';
import { ROUTES_LIMIT } from '../../rules/routes.js';
import { RouteWrites } from '../database/route-rows.js';
import type { DeviceTable } from '../database/devices.js';
import { NameChanges } from './name-changes.js';
import { OneOff } from './one-off.js';
import { changedSettings, DEVICES_LIMIT, isSameName, requireOwnNetworks } from '../../rules/devices.js';

const VALIDITY_BYTES = 9;

export class Changes {
  readonly names: NameChanges;
  readonly #sql: OneOff;
  readonly #routes: RouteWrites;
  readonly #devices: DeviceTable;

  constructor(connection: Connection, devices: DeviceTable) {
    this.#devices = devices;
    this.#sql = new OneOff(connection);
    this.names = new NameChanges(connection);
    this.#routes = new RouteWrites(connection);
  }

  get hasAccounts(): boolean {
    return this.#sql.one('select 1 from account where removed = 0 limit 1') !== undefined;
  }

  addAccount(address: Address, { hash, scram }: Secrets): void {
    this.names.take(address);
    this.#sql.run(
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
    this.names.detach(address);
    this.#sql.run('delete from credential where account = ?', id);
    this.#sql.run('delete from web_session where account = ?', id);
    this.#sql.run('delete from submitted where account = ?', id);
    this.#devices.detach(id);
  }

  /** It has no messages. */
  deleteAccount(id: number): void {
    this.#sql.run('delete from account where id = ?', id);
  }

  setPassword(address: Address, { hash, scram }: Secrets): void {
    const id = this.names.requireAccount(address);
    this.#sql.run(
      'update account set password_hash = ?, scram = ?, password_version = password_version + 1 where id = ?',
      hash,
      scram ?? null,
      id,
    );
    this.#sql.run('delete from web_session where account = ? and credential is null', id);
  }

  setEnabled(address: Address, enabled: boolean, refusesMail = false): void {
    const id = this.names.requireAccount(address);
    const [isEnabled, refuses] = [Number(enabled), Number(!enabled && refusesMail)];
    this.#sql.run('update account set enabled = ?, refuses_mail = ? where id = ?', isEnabled, refuses, id);
  }

  setKeepsMail(address: Address, keepsMail: boolean): void {
    this.#sql.run(
      'update account set keeps_mail = ? where id = ?',
      Number(keepsMail),
      this.names.requireAccount(address),
    );
  }

  setExpiry(address: Address, days: ExpireDays): void {
    const stored = { never: 0, default: null };
    const value = typeof days === 'number' ? days : stored[days];
    this.#sql.run('update account set expire_days = ? where id = ?', value, this.names.requireAccount(address));
  }

  setDomainExpiry(name: string, days: number | undefined): void {
    this.#sql.run('update domain set expire_days = ? where id = ?', days ?? null, this.names.requireDomain(name));
  }

  addCredential(address: Address, { name, scopes, hash, scram }: NewCredential): void {
    const id = this.names.requireAccount(address);
    const count = this.#sql.one('select count(*) from credential where account = ?', id) ?? 0;
    if (this.#credentialId(id, name) !== undefined) refuse(refusals.credentialExists(addressText(address), name));
    if (count >= CREDENTIALS_LIMIT) refuse(refusals.tooManyCredentials(addressText(address), count));
    this.#sql.run(
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
    const account = this.names.requireAccount(address);
    const id = this.#credentialId(account, name) ?? missing(refusals.noCredential(addressText(address), name));
    this.#sql.run('delete from hidden where account = ? and view = ?', account, id);
    this.#sql.run('delete from web_session where account = ? and credential = ?', account, id);
    this.#sql.run('delete from credential where id = ?', id);
  }

  #credentialId(account: number, name: string): number | undefined {
    return this.#sql.one('select id from credential where account = ? and name = ?', account, name);
  }

  addDevice({ account, ...settings }: NewDevice): void {
    const { name, networks } = settings;
    const listed = this.#devices.listed();
    if (listed.some((one) => isSameName(one.name, name))) refuse(refusals.deviceExists(name));
    if (listed.length >= DEVICES_LIMIT) refuse(refusals.tooManyDevices(listed.length));
    requireOwnNetworks(name, networks, listed);
    this.#devices.add(settings, account && this.names.requireAccount(account));
  }

  setDevice(change: DeviceChange): void {
    const { name, networks = [], account, without = [] } = change;
    const listed = this.#devices.listed();
    const before = listed.find((one) => isSameName(one.name, name)) ?? missing(refusals.noDevice(name));
    requireOwnNetworks(name, networks, listed);
    const kept = without.includes('account') ? undefined : before.account?.grant.account;
    this.#devices.set(
      changedSettings(before, change),
      account === undefined ? kept : this.names.requireAccount(account),
    );
  }

  removeDevice(name: string): void {
    if (!this.#devices.remove(name)) missing(refusals.noDevice(name));
  }

  addRoute(route: Route): void {
    const { scope, domain } = route;
    if (scope === 'destination' && this.names.isLocal(domain)) refuse(refusals.routeIsLocal(domain));
    if (!this.#routes.hasRoom(route)) refuse(refusals.tooManyRoutes(ROUTES_LIMIT));
    this.#routes.add(route);
  }

  removeRoute(key: RouteKey): void {
    if (!this.#routes.remove(key)) missing(refusals.noRoute(key.scope, key.domain));
  }
}

/** Never the same for two accounts, nor for one made again: the moment, and chance. */
function validity(): string {
  return `${Date.now().toString(36)}${randomBytes(VALIDITY_BYTES).toString('hex')}`;
}
