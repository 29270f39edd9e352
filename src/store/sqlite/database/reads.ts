/** The statements that read, prepared once a connection, with the shapes of their rows. */
import type { Scope } from '../../shapes.js';
import type { AccountRow } from './aliases.js';
import type { DomainSummaryRow, MailboxRow } from './directory-rows.js';
import { prepareFileSpace, type FileSpace } from './disk-space.js';
import type { Prepares, ReadStatement } from './reading-connection.js';

export interface OldestAccountRow {
  readonly domain: number;
  readonly local: string;
}

export interface LoginRow extends Pick<AccountRow, 'id' | 'address'> {
  readonly password_hash: string;
  readonly password_version: number;
  readonly scram: string | null;
  readonly enabled: number;
  readonly last_used_from: string | null;
  readonly keeps_mail: number;
  /** Null for never. */
  readonly expire_days: number | null;
}

export interface CredentialRow {
  readonly id: number;
  readonly name: string;
  readonly scopes: string;
  readonly hash: string;
  readonly scram: string | null;
  readonly created_at: number;
  readonly last_used_at: number | null;
  readonly last_used_from: string | null;
}

/** What a credential is good for. */
export function scopesOf({ scopes }: Pick<CredentialRow, 'scopes'>): readonly Scope[] {
  return scopes.split(',') as Scope[];
}

export interface MessageRow {
  readonly body: number;
  readonly octets: number;
  readonly trace: Uint8Array;
}

/**
 * Some messages: uid, octets, and how many octets of `data` are its trace and body, none for one that is not small or has no
 * body; three numbers a message, in the order in which they stand in `data`. Null when there is no message.
 */
export type SmallRow = [numbers: string | null, data: Uint8Array | null];

/** An account's messages as they are at this moment. */
export interface MaildropRow {
  readonly validity: string;
  readonly messages: number;
  readonly octets: number;
  /** Messages that come later have this uid or a higher one. */
  readonly uid_next: number;
  /** No message has a lower one. */
  readonly first_uid: number;
  /** Removals whose ranges are not taken over into `removed`; nearly always none. */
  readonly removals: number;
  /** Whether messages of it may have UIDLs that they brought along. */
  readonly has_uidls: number;
  /** 1: messages from `first_uid` on are among `removed`. */
  readonly has_removed: number;
}

export interface DomainRow {
  readonly id: number;
  readonly name: string;
}

export interface AliasRow {
  readonly local: string;
  readonly target: string;
}

export type RangeRow = [first: number, last: number];

/** Of some messages: how many, their octets, and the last of them. */
export type SumRow = [messages: number, octets: number, last: number | null];

export interface MailRow {
  readonly uid: number;
  readonly uidl: string;
  readonly octets: number;
  readonly received_at: number;
  readonly reverse_path: string;
  readonly from_text: string | null;
  readonly to_text: string | null;
  readonly subject: string | null;
}

/** The range that holds this uid, or the next one. */
type RangeStatement = ReadStatement<[of: number, uid: number, again: number, likewise: number], RangeRow>;

export interface Reads {
  readonly domain: ReadStatement<[name: string], number>;
  /** Of an alias the domain that it is. */
  readonly domainName: ReadStatement<[name: string], string>;
  readonly oldestDomain: ReadStatement<[], number>;
  readonly saltSecret: ReadStatement<[], Buffer>;
  readonly account: ReadStatement<[domain: number, local: string], AccountRow>;
  readonly login: ReadStatement<[domain: number, local: string], LoginRow>;
  readonly passwordStands: ReadStatement<[account: number, version: number], number>;
  /** The scopes of a credential whose account is enabled, and has had its name since that version. */
  readonly credentialScopes: ReadStatement<[account: number, credential: number, version: number], string>;
  readonly credentials: ReadStatement<[account: number], CredentialRow>;
  readonly oldestAccount: ReadStatement<[], OldestAccountRow>;
  readonly alias: ReadStatement<[domain: number, local: string], string>;
  readonly aliasTargets: ReadStatement<[domain: number, local: string, limit: number], string>;
  readonly maildrop: ReadStatement<[account: number], MaildropRow>;
  readonly removals: ReadStatement<[account: number], number>;
  readonly removing: RangeStatement;
  readonly removed: RangeStatement;
  readonly listing: ReadStatement<
    [account: number, from: number, before: number, limit: number],
    [uid: number, octets: number]
  >;
  /** UIDLs that messages brought along, by uid. */
  readonly keptUidls: ReadStatement<[account: number, first: number, last: number], [uid: number, uidl: string]>;
  readonly imported: ReadStatement<[account: number, key: Uint8Array], number>;
  readonly uidAfter: ReadStatement<[account: number, from: number, before: number, count: number], number>;
  readonly message: ReadStatement<[account: number, uid: number], MessageRow>;
  readonly messagesFrom: ReadStatement<[small: number, account: number, uid: number, limit: number], SmallRow>;
  readonly chunk: ReadStatement<[body: number, seq: number], Uint8Array>;
  readonly accounts: ReadStatement<[domain: number, after: string, limit: number], MailboxRow>;
  readonly messagesHeld: ReadStatement<[domain: number, local: string], number>;
  readonly nextDomain: ReadStatement<[after: string], DomainRow>;
  readonly domains: ReadStatement<[after: string, limit: number], DomainSummaryRow>;
  readonly aliases: ReadStatement<[domain: number, after: string, limit: number], AliasRow>;
  readonly mail: ReadStatement<[uids: string, account: number], MailRow>;
  readonly fileSpace: ReadStatement<[], FileSpace>;
}

// eslint-disable-next-line max-lines-per-function -- a list of statements, each on its own
export function prepareReads(connection: Prepares): Reads {
  return {
    // An alias of another domain is that one.
    domain: connection.prepare<[string], number>('select coalesce(alias_of, id) from domain where name = ?').pluck(),
    domainName: connection
      .prepare<[string], string>(
        `
      select real.name from domain join domain as real on real.id = domain.alias_of where domain.name = ?`,
      )
      .pluck(),
    oldestDomain: connection
      .prepare<[], number>('select coalesce(alias_of, id) from domain order by id limit 1')
      .pluck(),
    saltSecret: connection.prepare<[], Buffer>("select value from secret where name = 'salts'").pluck(),
    account: connection.prepare('select * from addressee where domain = ? and local = ?'),
    login: connection.prepare(`
      select account.id, account.local || '@' || domain.name as address, account.password_hash,
             account.password_version, account.scram, account.enabled, account.last_used_from, account.keeps_mail,
             nullif(coalesce(account.expire_days, domain.expire_days), 0) as expire_days
      from account join domain on domain.id = account.domain
      where account.domain = ? and account.local = ? and account.removed = 0`),
    passwordStands: connection
      .prepare<[number, number], number>('select 1 from account where id = ? and password_version = ? and enabled = 1')
      .pluck(),
    credentialScopes: connection
      .prepare<[number, number, number], string>(
        `
      select credential.scopes from credential join account on account.id = credential.account
      where account.id = ? and credential.id = ? and account.enabled = 1 and account.name_version <= ?`,
      )
      .pluck(),
    credentials: connection.prepare(`
      select id, name, scopes, hash, scram, created_at, last_used_at, last_used_from
      from credential where account = ? order by id`),
    oldestAccount: connection.prepare('select domain, local from account where removed = 0 order by id limit 1'),
    aliasTargets: connection
      .prepare<[number, string, number], string>('select target from alias where domain = ? and local = ? limit ? + 0')
      .pluck(),
    maildrop: connection.prepare(`
      select validity, messages, octets, uid_next, first_uid,
             (select count(*) from removal where state < 2 and state = 1 and removal.account = account.id) as removals,
             exists (select 1 from removed where removed.account = account.id and first >= first_uid) as has_removed,
             exists (select 1 from imported where imported.account = account.id and uidl is not null) as has_uidls
      from account where id = ? and removed = 0`),
    removals: connection
      .prepare<[number], number>('select id from removal where state < 2 and state = 1 and account = ?')
      .pluck(),
    // The seeks of both find the range that begins before the uid.
    removing: connection
      .prepare<[number, number, number, number], RangeRow>(
        `
      select first, last from removing
      where removal = ? and last >= ? and first >= coalesce(
        (select first from removing where removal = ? and first <= ? order by first desc limit 1), 0)
      order by first limit 1`,
      )
      .raw(),
    removed: connection
      .prepare<[number, number, number, number], RangeRow>(
        `
      select first, last from removed
      where account = ? and last >= ? and first >= coalesce(
        (select first from removed where account = ? and first <= ? order by first desc limit 1), 0)
      order by first limit 1`,
      )
      .raw(),
    listing: connection
      .prepare<[number, number, number, number], [number, number]>(
        'select uid, octets from message where account = ? and uid >= ? and uid < ? order by uid limit ? + 0',
      )
      .raw(),
    keptUidls: connection
      .prepare<[number, number, number], [number, string]>(
        'select uid, uidl from imported where account = ? and uid between ? and ? and uidl is not null',
      )
      .raw(),
    imported: connection
      .prepare<[number, Uint8Array], number>('select coalesce(at, 0) from imported where account = ? and key = ?')
      .pluck(),
    uidAfter: connection
      .prepare<[number, number, number, number], number>(
        'select uid from message where account = ? and uid >= ? and uid < ? order by uid limit 1 offset ? + 0',
      )
      .pluck(),
    message: connection.prepare('select body, octets, trace from message where account = ? and uid = ?'),
    // One row for all of them, since a buffer for each costs as much as reading it. `||` and group_concat copy bytes as they are.
    // The limit is not `?` alone: SQLite plans anew for each bound limit.
    messagesFrom: connection
      .prepare<[number, number, number, number], SmallRow>(
        `
      select group_concat(uid || ',' || octets || ',' || coalesce(octet_length(data), 0)),
             cast(group_concat(data, '') as blob)
      from (
        select uid, octets, case when octets <= ? then trace || data end as data
        from message left join chunk on chunk.body = message.body and seq = 0
        where account = ? and uid >= ? order by uid limit ? + 0
      )`,
      )
      .raw(),
    chunk: connection
      .prepare<[number, number], Uint8Array>('select data from chunk where body = ? and seq = ?')
      .pluck(),
    accounts: connection.prepare(`
      select account.local || '@' || domain.name as address, account.messages, account.octets, account.quota_octets,
             account.quota_messages, account.created_at, account.last_login_at, account.enabled,
             account.keeps_mail,
             nullif(coalesce(account.expire_days, domain.expire_days), 0) as expire_days,
             account.refuses_mail, account.forwards, case when account.forwards > 0 then (
               select json_group_array(alias.target) from alias
               where alias.domain = account.domain and alias.local = account.local
             ) end as targets,
             case when account.messages > 0 then (
               select present.received_at from present where present.account = account.id
               order by present.uid desc limit 1
             ) end as last_delivery_at
      from account join domain on domain.id = account.domain
      where account.domain = ? and account.local > ? and account.removed = 0
      order by account.local limit ? + 0`),
    messagesHeld: connection
      .prepare<[number, string], number>('select messages from account where domain = ? and local = ? and removed = 0')
      .pluck(),
    nextDomain: connection.prepare('select id, name from domain where name > ? order by name limit 1'),
    domains: connection.prepare(`
      select name, (select real.name from domain as real where real.id = domain.alias_of) as alias_of,
             messages, octets, quota_octets, quota_messages
      from domain
      where id > coalesce((select id from domain where name = ?), 0) order by id limit ? + 0`),
    aliases: connection.prepare(`
      select local, target from alias
      where domain = ? and local > ? and not exists (
        select 1 from account where account.domain = alias.domain and account.local = alias.local)
      order by local, target limit ? + 0`),
    alias: connection
      .prepare<[number, string], string>('select target from alias where domain = ? and local = ? order by target')
      .pluck(),
    // `cross join`: SQLite would otherwise look at all messages of the account, and for each through the list.
    mail: connection.prepare(`
      select message.uid, coalesce(
               (select imported.uidl from imported
                where imported.account = message.account and imported.uid = message.uid and imported.uidl is not null),
               account.validity || '.' || message.uid) as uidl, message.octets, message.received_at, message.reverse_path,
             body.from_text, body.to_text, body.subject
      from json_each(?) as wanted
      cross join message on message.account = ? and message.uid = wanted.value
      join account on account.id = message.account join body on body.id = message.body
      order by message.uid`),
    fileSpace: prepareFileSpace(connection),
  };
}
