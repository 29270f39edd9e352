/** What administration reads from the database: lists of the directory, in pages, and the messages of any account. */
import type { AccountSummary, AliasEntry, CredentialSummary, DomainSummary } from '../../directory.js';
import type { Room } from '../../quotas.js';
import type { AccountId, Address } from '../../shapes.js';
import type { Source } from '../../source.js';
import { normalizeLocalPart } from '../../rules/names.js';
import { missing, refusals } from '../../rules/refusals.js';
import { roomsOf, type AccountRow } from '../database/aliases.js';
import type { DomainSummaryRow, MailboxRow } from '../database/directory-rows.js';
import { scopesOf, type DomainRow, type MailRow } from '../database/reads.js';
import { sourceOf } from './message-octets.js';
import type { OpenReads } from './open-reads.js';

/** No list is held as a whole. */
const PAGE_LENGTH = 500;

/** Each of its methods throws a StoreError when the database cannot be read. */
export class DirectoryReader {
  readonly #open: OpenReads;

  constructor(open: OpenReads) {
    this.#open = open;
  }

  credentials(address: Address): readonly CredentialSummary[] {
    return this.#open.reads.credentials.all(this.accountId(address)).map((row) => ({
      name: row.name,
      scopes: scopesOf(row),
      createdAtMs: row.created_at,
      lastUsedAtMs: row.last_used_at ?? undefined,
      lastUsedFrom: row.last_used_from ?? undefined,
    }));
  }

  /** Those behind this address, by domain and name. */
  accounts(after: string): readonly AccountSummary[] {
    const { reads } = this.#open;
    return this.#byDomain(after, ({ id }, local, limit) => reads.accounts.all(id, local, limit)).map(accountSummary);
  }

  /** Those behind this name, oldest first. */
  domains(after = ''): readonly DomainSummary[] {
    return this.#open.reads.domains.all(after, PAGE_LENGTH).map(domainSummary);
  }

  /** Those behind this address, by domain and name, each with all its targets. */
  aliases(after: string): readonly AliasEntry[] {
    return this.#byDomain(after, ({ id, name }, local, limit) =>
      this.#aliasesOf(id, local, limit).map(([alias, targets]) => ({ address: `${alias}@${name}`, targets })),
    );
  }

  /** How many messages it holds; undefined when there is no such account. */
  countMail({ local, domain }: Address): number | undefined {
    const { reads } = this.#open;
    const id = reads.domain.get(domain);
    return id === undefined ? undefined : reads.messagesHeld.get(id, normalizeLocalPart(local));
  }

  /** What `mail list` shows of these messages of the account, in order. */
  mail(account: AccountId, uids: readonly number[]): readonly MailRow[] {
    return this.#open.reads.mail.all(JSON.stringify(uids), account);
  }

  /** Of each key when it was imported. @throws StoreError 'missing' */
  imported(address: Address, keys: readonly Uint8Array[]): readonly (number | undefined)[] {
    const account = this.accountId(address);
    return keys.map((key) => this.#open.reads.imported.get(account, key));
  }

  /** @throws StoreError 'missing' */
  accountId(address: Address): AccountId {
    return this.#account(address).id;
  }

  /** How much more it may hold. @throws StoreError 'missing' */
  rooms(address: Address): readonly Room[] {
    return roomsOf(this.#account(address));
  }

  /** The octets that RETR sends. @throws StoreError 'missing' at once, before the first piece. */
  messageOf(address: Address, uid: number): Source {
    const { reads } = this.#open;
    const row = reads.message.get(this.accountId(address), uid);
    return sourceOf(row, (body, seq) => reads.chunk.get(body, seq));
  }

  #account({ local, domain }: Address): AccountRow {
    const { reads } = this.#open;
    const id = reads.domain.get(domain);
    const row = id === undefined ? undefined : reads.account.get(id, normalizeLocalPart(local));
    return row ?? missing(refusals.noAccount(`${local}@${domain}`));
  }

  /** The last entry of a page may be cut: it is read as a whole. */
  #aliasesOf(domain: number, after: string, limit: number): readonly (readonly [string, readonly string[]])[] {
    const { reads } = this.#open;
    const entries = new Map<string, string[]>();
    for (const { local, target } of reads.aliases.all(domain, after, limit)) {
      const targets = entries.get(local);
      if (targets === undefined) entries.set(local, [target]);
      else targets.push(target);
    }
    const last = [...entries.keys()].at(-1);
    if (last !== undefined) entries.set(last, reads.alias.all(domain, last));
    return [...entries];
  }

  /** Up to a page of what `find` gives of each domain in turn, behind an address. */
  #byDomain<T>(after: string, find: (domain: DomainRow, local: string, limit: number) => readonly T[]): readonly T[] {
    const { reads } = this.#open;
    const at = after.lastIndexOf('@');
    let name = after.slice(at + 1);
    const begun = at === -1 ? undefined : reads.domain.get(name);
    const page: T[] = begun === undefined ? [] : [...find({ name, id: begun }, after.slice(0, at), PAGE_LENGTH)];
    while (page.length < PAGE_LENGTH) {
      const domain = reads.nextDomain.get(name);
      if (domain === undefined) break;
      page.push(...find(domain, '', PAGE_LENGTH - page.length));
      ({ name } = domain);
    }
    return page;
  }
}

function accountSummary(row: MailboxRow): AccountSummary {
  return {
    address: row.address,
    messages: row.messages,
    octets: row.octets,
    quotaOctets: row.quota_octets ?? undefined,
    quotaMessages: row.quota_messages ?? undefined,
    createdAtMs: row.created_at,
    lastDeliveryAtMs: row.last_delivery_at ?? undefined,
    lastLoginAtMs: row.last_login_at ?? undefined,
    enabled: row.enabled !== 0,
    keepsMail: row.keeps_mail !== 0,
    expireDays: row.expire_days ?? undefined,
    refusesMail: row.enabled === 0 && row.refuses_mail !== 0,
    ...(row.targets !== null && {
      forward: { targets: JSON.parse(row.targets) as string[], keeps: row.forwards === 2 },
    }),
  };
}

function domainSummary(row: DomainSummaryRow): DomainSummary {
  const { name, messages, octets } = row;
  return {
    name,
    aliasOf: row.alias_of ?? undefined,
    ...(messages !== null && octets !== null && { held: { messages, octets } }),
    quotaOctets: row.quota_octets ?? undefined,
    quotaMessages: row.quota_messages ?? undefined,
  };
}
