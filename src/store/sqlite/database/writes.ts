/** The statements that write, prepared once, with the shapes of their rows. */
import type { Connection, Statement } from './database.js';

/** `body.text_state`, as db/README.md documents it; 4, being decoded, stands in SQL alone. */
export const TextState = {
  Raw: 0,
  Undecoded: 1,
  Decoded: 2,
  Failed: 3,
} as const;
export type TextState = (typeof TextState)[keyof typeof TextState];

/** In the order of the statements, which is cheaper than by name. */
export type BodyRow = [
  refs: number,
  octets: number,
  header: number,
  from: string | null,
  to: string | null,
  subject: string | null,
  date: string | null,
  messageId: string | null,
  state: TextState,
  hash: Uint8Array,
  id: number,
];

export interface Writes {
  readonly lastBody: Statement<[], number>;
  readonly addBody: Statement<BodyRow>;
  readonly beginBody: Statement<[body: number]>;
  readonly finishBody: Statement<BodyRow>;
  readonly removeBody: Statement<[body: number]>;
  readonly refs: Statement<[body: number], [refs: number, octets: number]>;
  readonly unref: Statement<[body: number]>;
  readonly dropBody: Statement<[body: number]>;
  readonly addChunk: Statement<[body: number, seq: number, data: Uint8Array]>;
  readonly removeChunks: Statement<[body: number]>;
  readonly addMessage: Statement<
    [
      id: number | null,
      account: number,
      uid: number,
      body: number,
      octets: number,
      receivedAt: number,
      reversePath: string,
      recipient: string,
      trace: Uint8Array,
    ]
  >;
  readonly markAccount: Statement<[account: number]>;
  readonly mailboxCounters: Statement<
    [account: number],
    [
      uidNext: number,
      firstUid: number,
      messages: number,
      octets: number,
      domain: number,
      quotaOctets: number | null,
      quotaMessages: number | null,
    ]
  >;
  readonly setMailboxCounters: Statement<
    [uidNext: number, firstUid: number, messages: number, octets: number, account: number]
  >;
  readonly setQuota: Statement<[octets: number | null, messages: number | null, account: number]>;
  /** Of one with a quota. */
  readonly domainCounters: Statement<
    [domain: number],
    [messages: number, octets: number, quotaOctets: number | null, quotaMessages: number | null]
  >;
  readonly setDomainCounters: Statement<[messages: number, octets: number, domain: number]>;
  readonly setDomainQuota: Statement<[octets: number | null, messages: number | null, domain: number]>;
  readonly countDomain: Statement<[domain: number]>;
  /** A domain that a shell has given a quota. */
  readonly uncountedDomain: Statement<[], number>;
  readonly loggedIn: Statement<[atMs: number, account: number]>;
  readonly saltSecret: Statement<[], Buffer>;
  readonly passwordUsed: Statement<[atMs: number, from: string, account: number]>;
  readonly credentialUsed: Statement<[atMs: number, from: string, account: number, credential: number]>;
  readonly renewPassword: Statement<[hash: string, scram: string | null, account: number, was: string]>;
  readonly renewCredential: Statement<
    [hash: string, scram: string | null, account: number, credential: number, was: string]
  >;
  readonly nextUndecoded: Statement<[], number>;
  readonly decoding: Statement<[body: number]>;
  readonly interrupted: Statement<[], number>;
  readonly decodeAgain: Statement;
  readonly decoded: Statement<[state: TextState, text: string | null, attachments: number | null, body: number]>;
}

// eslint-disable-next-line max-lines-per-function -- a list of statements, each on its own
export function prepareWrites(connection: Connection): Writes {
  return {
    // Not max(id): the sequence also knows bodies that are gone, whose numbers must not come back.
    lastBody: connection.prepare<[], number>("select seq from sqlite_sequence where name = 'body'").pluck(),
    addBody: connection.prepare(`
      insert into body (refs, octets, header_octets, from_text, to_text, subject, date_text, message_id, text_state, hash, id)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    beginBody: connection.prepare(
      'insert into body (id, refs, octets, header_octets, text_state) values (?, 0, 0, 0, 0)',
    ),
    finishBody: connection.prepare(`
      update body set refs = ?, octets = ?, header_octets = ?, from_text = ?, to_text = ?, subject = ?, date_text = ?,
                      message_id = ?, text_state = ?, hash = ?
      where id = ?`),
    removeBody: connection.prepare('delete from body where id = ?'),
    refs: connection.prepare<[number], [number, number]>('select refs, octets from body where id = ?').raw(),
    unref: connection.prepare('update body set refs = refs - 1 where id = ?'),
    // It is not decoded any more. What it says of a text stays as the index has it.
    dropBody: connection.prepare(
      'update body set refs = -1, text_state = iif(text_state in (1, 4), 0, text_state) where id = ?',
    ),
    addChunk: connection.prepare('insert into chunk (body, seq, data) values (?, ?, ?)'),
    removeChunks: connection.prepare('delete from chunk where body = ?'),
    addMessage: connection.prepare(`
      insert into message (id, account, uid, body, octets, received_at, reverse_path, recipient, trace)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    // No name that a request may hold has a NUL.
    markAccount: connection.prepare(
      "update account set removed = 1, enabled = 0, local = char(0) || id, password_hash = '', scram = null where id = ?",
    ),
    mailboxCounters: connection
      .prepare<[number], [number, number, number, number, number, number | null, number | null]>(
        `
      select uid_next, first_uid, messages, octets, domain, quota_octets, quota_messages
      from account where id = ? and removed = 0`,
      )
      .raw(),
    setMailboxCounters: connection.prepare(
      'update account set uid_next = ?, first_uid = ?, messages = ?, octets = ? where id = ?',
    ),
    setQuota: connection.prepare('update account set quota_octets = ?, quota_messages = ? where id = ?'),
    domainCounters: connection
      .prepare<[number], [number, number, number | null, number | null]>(
        'select messages, octets, quota_octets, quota_messages from domain where id = ? and messages is not null',
      )
      .raw(),
    // A shell may have taken its quota away just now.
    setDomainCounters: connection.prepare(`
      update domain set messages = ?, octets = ?
      where id = ? and (quota_octets is not null or quota_messages is not null)`),
    setDomainQuota: connection.prepare('update domain set quota_octets = ?, quota_messages = ? where id = ?'),
    // Null without a quota.
    countDomain: connection.prepare(`
      update domain set (messages, octets) = (
        select coalesce(sum(account.messages), 0), coalesce(sum(account.octets), 0) from account
        where account.domain = domain.id and account.removed = 0
        having domain.quota_octets is not null or domain.quota_messages is not null)
      where id = ?`),
    uncountedDomain: connection
      .prepare<[], number>(
        `
      select id from domain
      where messages is null and (quota_octets is not null or quota_messages is not null) limit 1`,
      )
      .pluck(),
    loggedIn: connection.prepare('update account set last_login_at = ? where id = ?'),
    saltSecret: connection.prepare<[], Buffer>("select value from secret where name = 'salts'").pluck(),
    passwordUsed: connection.prepare('update account set last_used_at = ?, last_used_from = ? where id = ?'),
    credentialUsed: connection.prepare(
      'update credential set last_used_at = ?, last_used_from = ? where account = ? and id = ?',
    ),
    // Secrets that were changed meanwhile stay: a password that is no longer good must not come back.
    renewPassword: connection.prepare(
      'update account set password_hash = ?, scram = ? where id = ? and password_hash = ?',
    ),
    renewCredential: connection.prepare(
      'update credential set hash = ?, scram = ? where account = ? and id = ? and hash = ?',
    ),
    nextUndecoded: connection
      .prepare<[], number>('select id from body where text_state = 1 order by id limit 1')
      .pluck(),
    decoding: connection.prepare('update body set text_state = 4 where id = ?'),
    decodeAgain: connection.prepare('update body set text_state = 1 where text_state = 4'),
    interrupted: connection
      .prepare<[], number>('update body set text_state = 3 where text_state = 4 returning id')
      .pluck(),
    decoded: connection.prepare('update body set text_state = ?, text = ?, attachments = ? where id = ?'),
  };
}
