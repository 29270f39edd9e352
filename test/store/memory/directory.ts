/** Administration of the store in memory, by the rules of every driver. */
import { randomUUID } from 'node:crypto';
import type { Directory, DomainSummary } from '../../../src/store/directory.js';
import {
  addressElsewhere,
  addressOf,
  addressText,
  CATCH_ALL,
  normalizeLocalPart,
} from '../../../src/store/rules/names.js';
import { requireEnd, requireSoundAlias, requireSoundTargets } from '../../../src/store/rules/new-alias.js';
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
    data.byAddress.get(addressText(data.placed(address))) ?? missing(refusals.noAccount(addressText(address)));
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
        const name = takeName(address);
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
        data.autoreplies.delete(account.id);
        data.byId.delete(account.id);
        setTargets(account.address, []);
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
        requireOwnNames(name);
        if (days === undefined) data.expiry.delete(name);
        else data.expiry.set(name, days);
      }),
    setKeepsMail: (address, keepsMail) => change(() => void (accountOf(address).keepsMail = keepsMail)),
    setEnabled: (address, enabled, refusesMail = false) =>
      change(() => void Object.assign(accountOf(address), { enabled, refuses: !enabled && refusesMail })),
    setForward: (address, targets, keeps) =>
      change(() => {
        const account = accountOf(address);
        const names = targets.map(targetText);
        const before = data.aliases.get(account.address) ?? [];
        setTargets(account.address, []);
        try {
          requireSoundTargets(account.address, names, data);
        } catch (error) {
          setTargets(account.address, before);
          throw error;
        }
        setTargets(account.address, [...new Set(names)].toSorted());
        account.forwards = names.length === 0 ? 0 : keeps ? 2 : 1;
      }),
    renameAccount: (address, to, leavesAlias) =>
      change(() => {
        const account = accountOf(address);
        const before = account.address;
        requireEnd(addressText(to), data.targets([before]), data);
        const after = takeName(to);
        data.byAddress.delete(before);
        data.byAddress.set(after, account);
        Object.assign(account, { local: normalizeLocalPart(to.local), domain: to.domain, address: after });
        const into = { local: account.local, domain: account.domain };
        for (const one of data.collectors.values())
          if (one.account === account.id) data.collectors.set(one.id, { ...one, into });
        account.passwordVersion += 1;
        account.nameVersion = account.passwordVersion;
        const own = data.aliases.get(before) ?? [];
        data.aliases.delete(before);
        setTargets(after, own);
        for (const [alias, targets] of data.aliases)
          setTargets(alias, targets.map((target) => (target === before ? after : target)).toSorted());
        if (leavesAlias) setTargets(before, [after]);
      }),
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
            refusesMail: account.refuses,
            ...{ quotaOctets: account.quota.octets, quotaMessages: account.quota.messages },
            ...(account.forwards !== 0 && {
              forward: { targets: data.aliases.get(account.address) ?? [], keeps: account.forwards === 2 },
            }),
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
        requireNoAccounts(name);
        for (const [alias, targets] of [...data.aliases])
          if (alias.endsWith(`@${name}`)) data.aliases.delete(alias);
          else setTargets(alias, targets.filter((target) => !target.endsWith(`@${name}`))); // prettier-ignore
        data.domains.splice(data.domains.indexOf(name), 1);
        data.domainQuotas.delete(name);
        data.domainAliases.delete(name);
      }),
    addDomainAlias: (name, of) =>
      change(() => {
        if (name === of) refuse(refusals.domainOfItself(name));
        if (!data.hasDomain(of)) missing(refusals.noDomain(of));
        for (const each of [of, name]) requireOwnNames(each);
        requireNoAccounts(name);
        if ([...data.aliases.keys()].some((alias) => alias.endsWith(`@${name}`))) refuse(refusals.domainHasNames(name));
        const before = [...data.aliases];
        const isNew = !data.hasDomain(name);
        data.ensureDomain(name);
        data.domainAliases.set(name, of);
        for (const [alias, targets] of before) setTargets(alias, [...new Set(targets.map(placedText))]);
        try {
          for (const [alias, targets] of data.aliases) requireEnd(alias, targets, data);
        } catch (error) {
          for (const [alias, targets] of before) setTargets(alias, targets);
          data.domainAliases.delete(name);
          if (isNew) data.domains.pop();
          throw error;
        }
        data.domainQuotas.delete(name);
        data.expiry.delete(name);
      }),
    setDomainQuota: (name, quota) =>
      change(() => {
        if (!data.hasDomain(name)) missing(refusals.noDomain(name));
        requireOwnNames(name);
        data.domainQuotas.set(name, quota);
      }),
    listDomains: (after) =>
      store.answers(() => data.domains.slice(after === undefined ? 0 : data.domains.indexOf(after) + 1).map(summaryOf)),
    addAlias: (address, targets) =>
      change(() => {
        requireOwnNames(address.domain);
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
        const alias = addressText(data.placed(address));
        const known =
          (data.byAddress.has(alias) ? undefined : data.aliases.get(alias)) ?? missing(refusals.noAlias(alias));
        const names = targets.map(targetText);
        for (const name of names) if (!known.includes(name)) missing(refusals.noTarget(alias, name));
        setTargets(alias, names.length === 0 ? [] : without(known, names));
      }),
    listAliases: (after = '') =>
      list(
        () =>
          [...data.aliases]
            .filter(([address]) => !data.byAddress.has(address))
            .map(([address, targets]) => ({ address, targets })),
        ({ address }) => byDomain(address),
        after === '' ? '' : byDomain(after),
      ),
  };

  /** Nobody has it, and its domain is local from now on. */
  function takeName(address: Address): string {
    const name = addressText(address);
    if (address.local === CATCH_ALL) refuse(refusals.accountNeedsName);
    requireOwnNames(address.domain);
    if (data.byAddress.has(name)) refuse(refusals.accountExists(name));
    if (data.aliases.has(name)) refuse(refusals.isAlias(name));
    data.ensureDomain(address.domain);
    return name;
  }

  function placedText(target: string): string {
    return targetText(addressOf(target));
  }

  function requireOwnNames(name: string): void {
    const of = data.domainAliases.get(name);
    if (of !== undefined) refuse(refusals.domainIsAlias(name, of));
  }

  function requireNoAccounts(name: string): void {
    const accounts = [...data.byId.values()].filter(({ domain }) => domain === name).length;
    if (accounts > 0) refuse(refusals.domainHasAccounts(name, accounts));
    if ([...data.domainAliases.values()].includes(name)) refuse(refusals.domainHasAliases(name));
  }

  function summaryOf(name: string): DomainSummary {
    const { octets, messages } = data.domainQuotas.get(name) ?? {};
    const hasQuota = octets !== undefined || messages !== undefined;
    const aliasOf = data.domainAliases.get(name);
    return {
      name,
      aliasOf,
      ...(hasQuota && { held: data.heldIn(name) }),
      quotaOctets: octets,
      quotaMessages: messages,
    };
  }

  function targetText(target: Address): string {
    return data.hasDomain(target.domain) ? addressText(data.placed(target)) : addressElsewhere(target);
  }

  /** An alias that leads nowhere is none. */
  function setTargets(alias: string, targets: string[]): void {
    if (targets.length > 0) {
      data.aliases.set(alias, targets);
      return;
    }
    data.aliases.delete(alias);
    const account = data.byAddress.get(alias);
    if (account !== undefined) account.forwards = 0;
  }
}

function newAccount(id: number, address: Address, secrets: Secrets): Account {
  const { domain } = address;
  return {
    ...{ id, local: normalizeLocalPart(address.local), domain, address: addressText(address), secrets },
    ...{
      validity: randomUUID(),
      createdAtMs: Date.now(),
      passwordVersion: 0,
      enabled: true,
      refuses: false,
      quota: {},
    },
    ...{ forwards: 0, nameVersion: 0 },
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
