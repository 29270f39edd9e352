/** The statements that read, prepared once a connection, with the shapes of their rows. */
import type { Connection, Statement } from './database.js';

export interface AccountRow {
  readonly id: number;
  readonly address: string;
  /** Null without a quota. */
  readonly room: number | null;
}

export interface LoginRow extends Omit<AccountRow, 'room'> {
  readonly password_hash: string;
  readonly password_version: number;
  readonly scram: string | null;
  readonly enabled: number;
  readonly last_used_from: string | null;
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

export interface MessageRow {
  readonly body: number;
  readonly octets: number;
  readonly trace: Buffer;
}

/**
 * Some messages: uid, octets, and how many octets of `data` are its trace and body, none for one that is not small or has no
 * body; three numbers a message, in the order in which they stand in `data`. Null when there is no message.
 */
export type SmallRow = [numbers: string | null, data: Buffer | null];

export interface MailboxRow {
  readonly address: string;
  readonly messages: number;
  readonly octets: number;
  readonly quota_octets: number | null;
  readonly created_at: number;
  readonly last_delivery_at: number | null;
  readonly last_login_at: number | null;
  readonly enabled: number;
}

export interface MailRow {
  readonly uid: number;
  readonly validity: string;
  readonly octets: number;
  readonly received_at: number;
  readonly from_text: string | null;
  readonly to_text: string | null;
  readonly subject: string | null;
}

export interface Reads {
  readonly domain: Statement<[name: string], number>;
  readonly oldestDomain: Statement<[], number>;
  readonly saltSecret: Statement<[], Buffer>;
  readonly account: Statement<[domain: number, local: string], AccountRow>;
  readonly login: Statement<[domain: number, local: string], LoginRow>;
  readonly passwordStands: Statement<[account: number, version: number], number>;
  /** The scopes of a credential whose account is enabled. */
  readonly credentialScopes: Statement<[account: number, credential: number], string>;
  readonly credentials: Statement<[account: number], CredentialRow>;
  readonly oldestAccount: Statement<[], AccountRow>;
  readonly alias: Statement<[domain: number, local: string], string>;
  readonly validity: Statement<[account: number], string>;
  readonly listing: Statement<[account: number], [uid: number, octets: number]>;
  readonly message: Statement<[account: number, uid: number], MessageRow>;
  readonly messagesFrom: Statement<[small: number, account: number, uid: number, limit: number], SmallRow>;
  readonly chunk: Statement<[body: number, seq: number], Buffer>;
  readonly accounts: Statement<[], MailboxRow>;
  readonly domains: Statement<[], string>;
  readonly aliases: Statement<[], { readonly address: string; readonly target: string }>;
  readonly mail: Statement<[account: number], MailRow>;
}

export function prepareReads(connection: Connection): Reads {
  return {
    domain: connection.prepare<[string], number>('select id from domain where name = ?').pluck(),
    oldestDomain: connection.prepare<[], number>('select id from domain order by id limit 1').pluck(),
    saltSecret: connection.prepare<[], Buffer>("select value from secret where name = 'salts'").pluck(),
    account: connection.prepare(`
      select account.id, account.local || '@' || domain.name as address,
             account.quota_octets - account.octets as room
      from account join domain on domain.id = account.domain
      where account.domain = ? and account.local = ?`),
    login: connection.prepare(`
      select account.id, account.local || '@' || domain.name as address, account.password_hash,
             account.password_version, account.scram, account.enabled, account.last_used_from
      from account join domain on domain.id = account.domain
      where account.domain = ? and account.local = ?`),
    passwordStands: connection
      .prepare<[number, number], number>('select 1 from account where id = ? and password_version = ? and enabled = 1')
      .pluck(),
    credentialScopes: connection
      .prepare<[number, number], string>(
        `
      select credential.scopes from credential join account on account.id = credential.account
      where account.id = ? and credential.id = ? and account.enabled = 1`,
      )
      .pluck(),
    credentials: connection.prepare(`
      select id, name, scopes, hash, scram, created_at, last_used_at, last_used_from
      from credential where account = ? order by id`),
    oldestAccount: connection.prepare(`
      select account.id, account.local || '@' || domain.name as address,
             account.quota_octets - account.octets as room
      from account join domain on domain.id = account.domain order by account.id limit 1`),
    alias: connection
      .prepare<[number, string], string>('select target from alias where domain = ? and local = ?')
      .pluck(),
    validity: connection.prepare<[number], string>('select validity from account where id = ?').pluck(),
    listing: connection
      .prepare<[number], [number, number]>('select uid, octets from message where account = ? order by uid')
      .raw(),
    message: connection.prepare('select body, octets, trace from message where account = ? and uid = ?'),
    // One row for all of them, since a buffer for each costs as much as reading it. `||` and group_concat copy bytes as they are.
    // The limit is not `?` alone: SQLite plans anew for each bound limit.
    messagesFrom: connection
      .prepare<[number, number, number, number], SmallRow>(
        `
      select group_concat(uid || ',' || octets || ',' || coalesce(octet_length(data), 0)),
             cast(group_concat(data, '') as blob)
      from (
        select uid, octets,
               case when octets <= ? then (
                 select trace || data from chunk where chunk.body = message.body and seq = 0
               ) end as data
        from message where account = ? and uid >= ? order by uid limit ? + 0
      )`,
      )
      .raw(),
    chunk: connection.prepare<[number, number], Buffer>('select data from chunk where body = ? and seq = ?').pluck(),
    accounts: connection.prepare(`
      select account.local || '@' || domain.name as address, account.messages, account.octets, account.quota_octets,
             account.created_at, account.last_login_at, account.enabled,
             (select max(message.received_at) from message where message.account = account.id) as last_delivery_at
      from account join domain on domain.id = account.domain
      order by domain.name, account.local`),
    domains: connection.prepare<[], string>('select name from domain order by id').pluck(),
    aliases: connection.prepare(`
      select alias.local || '@' || domain.name as address, alias.target
      from alias join domain on domain.id = alias.domain order by domain.name, alias.local, alias.target`),
    mail: connection.prepare(`
      select message.uid, account.validity, message.octets, message.received_at,
             body.from_text, body.to_text, body.subject
      from message join account on account.id = message.account join body on body.id = message.body
      where message.account = ? order by message.uid`),
  };
}
