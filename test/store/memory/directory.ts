/** Administration of the store in memory, by the rules of every driver. */
import { randomUUID } from 'node:crypto';
import type { Directory, DomainSummary } from '../../../src/store/directory.js';
import { addressElsewhere, addressText, CATCH_ALL, normalizeLocalPart } from '../../../src/store/rules/names.js';
import { requireSoundAlias } from '../../../src/store/rules/new-alias.js';
import { CREDENTIALS_LIMIT, missing, refusals, refuse } from '../../../src/store/rules/refusals.js';
import type { Address, Secrets } from '../../../src/store/shapes.js';
import type { Account } from './data.js';
import type { MemoryStore } from './store.js';

const PAGE_LENGTH = 500;

export function directoryOf(store: MemoryStore): Directory {
  const { data } = store;
  const change = async (act: () => void): Promise<void> => {
    await store.answers(() => {
      store.requireLife();
      act();
    });
  };
  const accountOf = (address: Address): Account =>
    data.byAddress.get(addressText(address)) ?? missing(refusals.noAccount(addressText(address)));
  const list = <T>(all: () => readonly T[], key: (one: T) => string, after: string) =>
    store.answers(() =>
      all()
        .filter((one) => key(one) > after)
        .toSorted((one, other) => (key(one) < key(other) ? -1 : 1))
        .slice(0, PAGE_LENGTH),
    );
  return {
    addAccount: (address, hash, scram) =>
      change(() => {
        const name = addressText(address);
        if (address.local === CATCH_ALL) refuse(refusals.accountNeedsName);
        if (data.byAddress.has(name)) refuse(refusals.accountExists(name));
        if (data.aliases.has(name)) refuse(refusals.isAlias(name));
        data.ensureDomain(address.domain);
        const account = newAccount(data.nextId(), address, { hash, scram });
        data.byAddress.set(name, account);
        data.byId.set(account.id, account);
      }),
    removeAccount: (address) =>
      change(() => {
        const account = accountOf(address);
        data.dropMessages(account);
        data.byAddress.delete(account.address);
        for (const one of data.collectors.values()) if (one.account === account.id) data.collectors.delete(one.id);
        data.byId.delete(account.id);
        for (const [alias, targets] of data.aliases) setTargets(alias, without(targets, [account.address]));
      }),
    setPassword: (address, hash, scram) =>
      change(() => {
        const account = accountOf(address);
        account.secrets = { hash, scram };
        account.passwordVersion += 1;
        data.dropWebSessions(account.id, undefined);
      }),
    setQuota: (address, quota) => change(() => void (accountOf(address).quota = quota)),
    setRecipientLimits: (address, { perHour, perDay }) =>
      change(() => {
        const account = accountOf(address);
        account.limits = { perHour: perHour ?? account.limits.perHour, perDay: perDay ?? account.limits.perDay };
      }),
    findRecipientUse: (address) => store.answers(() => data.recipientUse(accountOf(address))),
    setExpiry: (address, days) => change(() => void (accountOf(address).expireDays = days)),
    setDomainExpiry: (name, days) =>
      change(() => {
        if (!data.hasDomain(name)) missing(refusals.noDomain(name));
        if (days === undefined) data.expiry.delete(name);
        else data.expiry.set(name, days);
      }),
    setKeepsMail: (address, keepsMail) => change(() => void (accountOf(address).keepsMail = keepsMail)),
    setEnabled: (address, enabled) => change(() => void (accountOf(address).enabled = enabled)),
    addCredential: (address, { name, scopes, hash, scram }) =>
      change(() => {
        const { credentials, address: owner } = accountOf(address);
        if (credentials.some((one) => isSame(one.name, name))) refuse(refusals.credentialExists(owner, name));
        if (credentials.length >= CREDENTIALS_LIMIT) refuse(refusals.tooManyCredentials(owner, credentials.length));
        credentials.push({
          ...{ id: data.nextId(), name, scopes: scopes.toSorted(), secrets: { hash, scram } },
          ...{ createdAtMs: Date.now(), lastUsedAtMs: undefined, lastUsedFrom: undefined },
        });
      }),
    removeCredential: (address, name) =>
      change(() => {
        const account = accountOf(address);
        const left = account.credentials.filter((one) => !isSame(one.name, name));
        if (left.length === account.credentials.length) missing(refusals.noCredential(account.address, name));
        for (const { id } of account.credentials)
          if (!left.some((one) => one.id === id)) {
            account.hidden.delete(id);
            data.dropWebSessions(account.id, id);
          }
        account.credentials = left;
      }),
    listCredentials: (address) =>
      store.answers(() =>
        accountOf(address).credentials.map(({ name, scopes, createdAtMs, lastUsedAtMs, lastUsedFrom }) => ({
          ...{ name, scopes, createdAtMs, lastUsedAtMs, lastUsedFrom },
        })),
      ),
    listAccounts: (after = '') =>
      list(
        () =>
          [...data.byId.values()].map((account) => ({
            ...{ ...account, messages: account.messages.length, expireDays: data.expireDaysOf(account) },
            ...{ quotaOctets: account.quota.octets, quotaMessages: account.quota.messages },
          })),
        ({ address }) => byDomain(address),
        after === '' ? '' : byDomain(after),
      ),
    addDomain: (name) =>
      change(() => {
        if (data.hasDomain(name)) refuse(refusals.domainExists(name));
        data.ensureDomain(name);
      }),
    removeDomain: (name) =>
      change(() => {
        if (!data.hasDomain(name)) missing(refusals.noDomain(name));
        const accounts = [...data.byId.values()].filter(({ domain }) => domain === name).length;
        if (accounts > 0) refuse(refusals.domainHasAccounts(name, accounts));
        for (const [alias, targets] of [...data.aliases])
          if (alias.endsWith(`@${name}`)) data.aliases.delete(alias);
          else setTargets(alias, targets.filter((target) => !target.endsWith(`@${name}`))); // prettier-ignore
        data.domains.splice(data.domains.indexOf(name), 1);
        data.domainQuotas.delete(name);
      }),
    setDomainQuota: (name, quota) =>
      change(() => {
        if (!data.hasDomain(name)) missing(refusals.noDomain(name));
        data.domainQuotas.set(name, quota);
      }),
    listDomains: (after) =>
      store.answers(() => data.domains.slice(after === undefined ? 0 : data.domains.indexOf(after) + 1).map(summaryOf)),
    addAlias: (address, targets) =>
      change(() => {
        const alias = addressText(address);
        const isNew = !data.hasDomain(address.domain);
        data.ensureDomain(address.domain);
        const names = targets.map(targetText);
        try {
          requireSoundAlias(alias, names, data);
        } catch (error) {
          if (isNew) data.domains.pop();
          throw error;
        }
        setTargets(alias, [...new Set([...(data.aliases.get(alias) ?? []), ...names])].toSorted());
      }),
    removeAlias: (address, targets) =>
      change(() => {
        const alias = addressText(address);
        const known = data.aliases.get(alias) ?? missing(refusals.noAlias(alias));
        const names = targets.map(targetText);
        for (const name of names) if (!known.includes(name)) missing(refusals.noTarget(alias, name));
        setTargets(alias, names.length === 0 ? [] : without(known, names));
      }),
    listAliases: (after = '') =>
      list(
        () => [...data.aliases].map(([address, targets]) => ({ address, targets })),
        ({ address }) => byDomain(address),
        after === '' ? '' : byDomain(after),
      ),
  };

  function summaryOf(name: string): DomainSummary {
    const { octets, messages } = data.domainQuotas.get(name) ?? {};
    const hasQuota = octets !== undefined || messages !== undefined;
    return { name, ...(hasQuota && { held: data.heldIn(name) }), quotaOctets: octets, quotaMessages: messages };
  }

  function targetText(target: Address): string {
    return data.hasDomain(target.domain) ? addressText(target) : addressElsewhere(target);
  }

  /** An alias that leads nowhere is none. */
  function setTargets(alias: string, targets: string[]): void {
    if (targets.length === 0) data.aliases.delete(alias);
    else data.aliases.set(alias, targets);
  }
}

function newAccount(id: number, address: Address, secrets: Secrets): Account {
  const { domain } = address;
  return {
    ...{ id, local: normalizeLocalPart(address.local), domain, address: addressText(address), secrets },
    ...{ validity: randomUUID(), createdAtMs: Date.now(), passwordVersion: 0, enabled: true, quota: {} },
    ...{ lastDeliveryAtMs: undefined, lastLoginAtMs: undefined, lastUsedAtMs: undefined, lastUsedFrom: undefined },
    ...{ uidNext: 1, octets: 0, messages: [], removed: [], purgedToMs: 0, credentials: [], imported: new Map() },
    ...{ limits: { perHour: 'default', perDay: 'default' }, submitted: new Map() },
    ...{ expireDays: 'default', keepsMail: false, hidden: new Map() },
  };
}

function without(names: readonly string[], unwanted: readonly string[]): string[] {
  return names.filter((name) => !unwanted.includes(name));
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** What addresses are put in order by. */
function byDomain(address: string): string {
  const at = address.lastIndexOf('@');
  return `${address.slice(at + 1)} ${address.slice(0, at)}`;
}
