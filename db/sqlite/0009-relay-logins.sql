-- Logins at relays by OAuth 2.0. Applied once, in one transaction; never edited after a release. Times are milliseconds since
-- 1970, UTC. Nearly all of it is secret: no view shows any of it.

create table relay_login (
  user            text primary key,           -- of the relay's URL
  provider        text not null,              -- for people
  token_endpoint  text not null,
  client_id       text not null,
  client_secret   text,
  scope           text,
  access_token    text not null,
  refresh_token   text,                       -- null: by client credentials
  expires_at      integer not null,           -- of the access token
  version         integer not null,           -- another with each access token
  since           integer not null,           -- of the login
  refreshed_at    integer not null,
  claimed_until   integer,                    -- a process refreshes it
  failure         text                        -- of the last refresh, in JSON: text, isRefused, atMs
) strict, without rowid;
