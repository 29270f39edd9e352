-- Mail that is fetched from maildrops on other servers, on a schedule. Applied once, in one transaction; never edited after a release.
-- Times are milliseconds since 1970, UTC. The password is secret: no view shows it.

create table collector (
  id            integer primary key,
  account       integer not null,   -- of account: where mail comes into; its collectors go with it
  url           text    not null,   -- of the maildrop there, without a password
  password      text    not null,
  every         integer not null,   -- milliseconds between two runs
  remove_after  integer,            -- milliseconds after a message came here it is removed there; null: never
  version       integer not null,   -- another with each change by administration
  since         integer not null,   -- made, or given another password or schedule
  next_run_at   integer not null,
  claimed_by    text,               -- a process fetches
  claimed_until integer,            -- if it lives
  last_run_at   integer,
  last_success_at integer,
  fetched       integer not null default 0,   -- messages, of all runs
  left_out      integer not null default 0,   -- messages that the last run left there
  failures      integer not null default 0,   -- in a row
  failure       text                          -- of the last run, in JSON: text, kind, atMs
) strict;

create unique index collector_maildrop on collector (account, url);

-- When a message came by an import; null before this was kept.
alter table imported add column at integer;
