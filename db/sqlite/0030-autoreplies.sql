-- Autoreplies (RFC 3834): what an account answers by itself, and whom it has answered of late. Applied once, in one transaction; never
-- edited after a release. Times are milliseconds since 1970, UTC.

-- 1: `autoreply` has a row of it. Where mail leads says so, and nobody has to look for the row of another.
alter table account add column autoreplies integer not null default 0 check (autoreplies in (0, 1));

create table autoreply (
  account   integer primary key references account (id),
  subject   text not null,
  text      text not null,                   -- lines end with CRLF
  from_at   integer,                         -- null: from when it was set
  until_at  integer                          -- null: until somebody ends it
) strict;

-- Once in a week (src/store/rules/autoreplies.ts).
create table answered (
  account  integer not null references account (id),
  sender   text    not null,                 -- the reverse-path, in the form in which names are compared
  at       integer not null,
  primary key (account, sender)
) strict, without rowid;

create index answered_at on answered (at);

drop view addressee;

-- As in 0029, and whether it answers by itself.
create view addressee as
select
  account.id as id,
  account.domain as domain,
  account.local as local,
  account.local || '@' || domain.name as address,
  account.quota_octets - account.octets as free_octets,
  account.quota_messages - account.messages as free_messages,
  domain.quota_octets - domain.octets as domain_free_octets,
  domain.quota_messages - domain.messages as domain_free_messages,
  account.refuses_mail and not account.enabled as refuses,
  account.forwards as forwards,
  account.autoreplies as autoreplies
from account
join domain on domain.id = account.domain
where account.removed = 0;
