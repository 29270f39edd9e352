/** The table of logins at relays: its statements, and its rows as the interface has them. */
import type { RelayLogin } from '../../relay-logins.js';
import type { Connection } from './driver.js';
import type { Prepares, ReadStatement } from './reading-connection.js';

export interface RelayLoginRow {
  readonly user: string;
  readonly provider: string;
  readonly token_endpoint: string;
  readonly client_id: string;
  readonly client_secret: string | null;
  readonly scope: string | null;
  readonly access_token: string;
  readonly refresh_token: string | null;
  readonly expires_at: number;
  readonly version: number;
  readonly since: number;
  readonly refreshed_at: number;
  readonly claimed_until: number | null;
  readonly failure: string | null;
  readonly hosts: string;
}

export interface RelayLoginReads {
  readonly login: ReadStatement<[user: string], RelayLoginRow>;
  readonly logins: ReadStatement<[limit: number], RelayLoginRow>;
}

export interface RelayLoginWrites {
  readonly login: ReadStatement<[user: string], RelayLoginRow>;
  readonly put: { run(row: RelayLoginRow): unknown };
  readonly remove: { run(user: string): { readonly changes: number } };
}

export function prepareRelayLoginReads(connection: Prepares): RelayLoginReads {
  return {
    login: connection.prepare('select * from relay_login where user = ?'),
    logins: connection.prepare('select * from relay_login order by user limit ? + 0'),
  };
}

export function prepareRelayLoginWrites(connection: Connection): RelayLoginWrites {
  return {
    login: connection.prepare('select * from relay_login where user = ?'),
    put: connection.prepare(`
      insert or replace into relay_login (user, provider, token_endpoint, client_id, client_secret, scope, access_token,
        refresh_token, expires_at, version, since, refreshed_at, claimed_until, failure, hosts)
      values (:user, :provider, :token_endpoint, :client_id, :client_secret, :scope, :access_token,
        :refresh_token, :expires_at, :version, :since, :refreshed_at, :claimed_until, :failure, :hosts)`),
    remove: connection.prepare('delete from relay_login where user = ?'),
  };
}

export function relayLoginOf(row: RelayLoginRow): RelayLogin {
  return {
    user: row.user,
    provider: row.provider,
    tokenEndpoint: row.token_endpoint,
    clientId: row.client_id,
    clientSecret: row.client_secret ?? undefined,
    scope: row.scope ?? undefined,
    accessToken: row.access_token,
    refreshToken: row.refresh_token ?? undefined,
    expiresAtMs: row.expires_at,
    version: row.version,
    sinceMs: row.since,
    refreshedAtMs: row.refreshed_at,
    claimedUntilMs: row.claimed_until ?? undefined,
    failure: row.failure === null ? undefined : (JSON.parse(row.failure) as RelayLogin['failure']),
    hosts: JSON.parse(row.hosts) as readonly string[],
  };
}

export function relayLoginRow(login: RelayLogin): RelayLoginRow {
  return {
    user: login.user,
    provider: login.provider,
    token_endpoint: login.tokenEndpoint,
    client_id: login.clientId,
    client_secret: login.clientSecret ?? null,
    scope: login.scope ?? null,
    access_token: login.accessToken,
    refresh_token: login.refreshToken ?? null,
    expires_at: login.expiresAtMs,
    version: login.version,
    since: login.sinceMs,
    refreshed_at: login.refreshedAtMs,
    claimed_until: login.claimedUntilMs ?? null,
    failure: login.failure === undefined ? null : JSON.stringify(login.failure),
    hosts: JSON.stringify(login.hosts),
  };
}
