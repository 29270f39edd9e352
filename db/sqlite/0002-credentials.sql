-- Who may log in with what: accounts can be disabled, have SCRAM keys beside the hash, and further passwords for single
-- programs. Applied once, in one transaction; never edited after a release. Times are milliseconds since 1970, UTC.

alter table account add column enabled integer not null default 1 check (enabled in (0, 1));
alter table account add column scram text;            -- SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey; null until the next login
alter table account add column last_used_at integer;  -- of the main password, by whatever protocol; at most once a minute
alter table account add column last_used_from text;   -- the client's address

create table credential (
  id             integer primary key autoincrement,   -- never used again: a revoked password cannot be taken for a new one
  account        integer not null references account (id),
  name           text not null collate nocase,
  scopes         text not null,              -- smtp, pop3 or pop3,smtp
  hash           text not null,              -- $hmac-sha256$salt$hash
  scram          text,                       -- as in account
  created_at     integer not null,
  last_used_at   integer,
  last_used_from text,
  unique (account, name)
) strict;

-- Made here once, 32 random octets each, and told to nobody.
create table secret (
  name   text primary key,
  value  blob not null
) strict, without rowid;

insert into secret (name, value) values ('salts', randomblob(32));

-- For the sqlite3 shell: documented in db/README.md, and kept from release to release.

create view credentials as
select
  account.local || '@' || domain.name as account,
  credential.name                     as name,
  credential.scopes                   as scopes,
  account.enabled                     as enabled,
  strftime('%Y-%m-%dT%H:%M:%SZ', credential.created_at / 1000, 'unixepoch')   as created,
  strftime('%Y-%m-%dT%H:%M:%SZ', credential.last_used_at / 1000, 'unixepoch') as last_used,
  credential.last_used_from           as last_used_from
from credential
join account on account.id = credential.account
join domain  on domain.id = account.domain
union all
select
  account.local || '@' || domain.name,
  null,
  'pop3,smtp',
  account.enabled,
  strftime('%Y-%m-%dT%H:%M:%SZ', account.created_at / 1000, 'unixepoch'),
  strftime('%Y-%m-%dT%H:%M:%SZ', account.last_used_at / 1000, 'unixepoch'),
  account.last_used_from
from account
join domain on domain.id = account.domain;
