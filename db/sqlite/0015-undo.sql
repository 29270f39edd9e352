-- What is removed stays for a while, out of sight, and can be restored: its rows are deleted later. Applied once, in one
-- transaction; never edited after a release.

create table old_removal as select id, account, committed from removal;
create table old_removed as select removal, first, last from removed;
drop table removed;
drop table removal;

-- One removal: what one QUIT removed. state 0: its ranges are still being written, and nothing is removed by it; 1: removed, its
-- ranges are in `removing`; 2: removed, its ranges are in `removed`; -1: given up. An account that is gone may have some left.
create table removal (
  id          integer primary key,
  account     integer not null,
  state       integer not null,
  removed_at  integer not null,
  client      text not null                  -- who removed it: the address of the client, and its session
) strict;

create index removal_unsettled on removal (state, account) where state < 2;
create index removal_due on removal (removed_at) where state = 2;

-- The uids of a removal of many ranges, until the store has taken them over into `removed`, some at a time.
create table removing (
  removal  integer not null references removal (id),
  first    integer not null,
  last     integer not null,
  primary key (removal, first)
) strict, without rowid;

-- The uids that nobody sees any more, in ranges that do not touch each other: both ends belong to them.
create table removed (
  account  integer not null references account (id),
  first    integer not null,
  last     integer not null,
  removal  integer not null references removal (id),
  primary key (account, first)
) strict, without rowid;

create index removed_removal on removed (removal);

insert into removal select id, account, committed, 0, '' from old_removal;
insert into removing select removal, first, last from old_removed;
drop table old_removed;
drop table old_removal;

-- No message that is not removed has a lower uid: a login need not pass over all that was removed before.
alter table account add column first_uid integer not null default 0;
-- What was removed up to this moment may be purged.
alter table account add column purged_to integer not null default 0;

update account set purged_to = strftime('%s', 'now') * 1000 + 999;

drop view present;

-- The rows of `message` that nobody has removed. Not a public interface: `mail` is.
create view present as
select * from message
where coalesce((
    select removed.last from removed
    where removed.account = message.account and removed.first <= message.uid
    order by removed.first desc limit 1
  ), -1) < message.uid
  and not exists (
    select 1 from removal
    where removal.state < 2 and removal.state = 1 and removal.account = message.account
      and (
        select removing.last from removing
        where removing.removal = removal.id and removing.first <= message.uid
        order by removing.first desc limit 1
      ) >= message.uid
  );

-- For the sqlite3 shell: documented in db/README.md, and kept from release to release. What was removed and can be restored, in
-- the order of `removed`. Each column that somebody else chose is printable (0005).
create view removals as
select
  account.local || '@' || domain.name as account,
  message.id as number,
  strftime('%Y-%m-%dT%H:%M:%SZ', removal.removed_at / 1000, 'unixepoch') as removed,
  (select text from printable where given = json_object('line', removal.client)) as client,
  strftime('%Y-%m-%dT%H:%M:%SZ', message.received_at / 1000, 'unixepoch') as received,
  (select text from printable where given = json_object('line', body.from_text)) as "from",
  (select text from printable where given = json_object('line', body.to_text)) as "to",
  (select text from printable where given = json_object('line', body.subject)) as subject,
  message.octets as octets,
  coalesce(
    (select imported.uidl from imported
     where imported.account = message.account and imported.uid = message.uid and imported.uidl is not null),
    account.validity || '.' || message.uid
  ) as uidl
from removed
join removal on removal.id = removed.removal
join account on account.id = removed.account and account.removed = 0
join domain  on domain.id = account.domain
join message on message.account = removed.account and message.uid between removed.first and removed.last
join body    on body.id = message.body;
