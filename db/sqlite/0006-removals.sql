-- Removal in steps: what is removed is marked in one transaction, however much it is, and its rows are deleted afterwards,
-- a few at a time. Nobody sees them any more. Applied once, in one transaction; never edited after a release.

-- One removal of many messages. committed 0: its ranges are still being written, and nothing is removed by it;
-- 1: removed; -1: given up. The store deletes what it names, then its ranges, then the row.
create table removal (
  id         integer primary key,
  account    integer not null references account (id),
  committed  integer not null default 0
) strict;

create index removal_account on removal (account);

-- The uids that it removes, in ranges that do not touch: both ends belong to them.
create table removed (
  removal  integer not null references removal (id),
  first    integer not null,
  last     integer not null,
  primary key (removal, first)
) strict, without rowid;

-- 1: removed by an administrator; the row is deleted with the last of its messages. Its `local` is then a name that nobody can have.
alter table account add column removed integer not null default 0;

create index account_removed on account (id) where removed = 1;

-- refs -1: a body that nobody points to, whose chunks are being deleted.
create index body_dropped on body (id) where refs < 0;

-- For the removal of an account: which aliases lead to it.
create index alias_target on alias (target);

drop view mail;
drop view mailboxes;
drop view credentials;

-- The rows of `message` that nobody has removed. Not a public interface: `mail` is.
create view present as
select * from message
where not exists (
  select 1 from removal
  where removal.account = message.account and removal.committed = 1
    and (
      select removed.last from removed
      where removed.removal = removal.id and removed.first <= message.uid
      order by removed.first desc limit 1
    ) >= message.uid
);

-- Each column that a sender chose is looked through first; only one with such a character is taken apart. The window stands
-- on `message` alone, so that SQLite reads and makes only the columns that a query asks for.
create view mail as
select
  account.local || '@' || domain.name as account,
  message.number as number,
  account.validity || '.' || message.uid as uidl,
  strftime('%Y-%m-%dT%H:%M:%SZ', message.received_at / 1000, 'unixepoch') as received,
  case
    when body.from_text glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), body.from_text
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else body.from_text
  end as "from",
  case
    when body.to_text glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), body.to_text
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else body.to_text
  end as "to",
  case
    when body.subject glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), body.subject
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else body.subject
  end as subject,
  message.octets as octets,
  (
    with recursive raw (text) as materialized (
      select case
        when body.text_state = 2 then body.text
        else (
          -- A shell would end it at a NUL.
          select cast(substr(data, 1, coalesce(nullif(instr(data, x'00'), 0) - 1, length(data))) as text)
          from (
            select substr(chunk.data, body.header_octets + 1) as data
            from chunk where chunk.body = body.id and chunk.seq = 0
          )
        )
      end
    ),
    left_out (character) as (                -- tabs and ends of lines stay
      select character from unprintable where character not in (char(9), char(10), char(13))
    ),
    clean (next, text) as (
      select (select min(character) from left_out), raw.text
      from raw
      -- Cheap questions first: JSON escapes C0, and C1 and the marks are not ASCII.
      where instr(json_quote(raw.text), '\u00')
         or instr(json_quote(raw.text), '\b')
         or instr(json_quote(raw.text), '\f')
         or instr(raw.text, char(127))
         or raw.text glob '*' || char(13) || '[^' || char(10) || ']*'
         or raw.text glob '*' || char(13)
         or (
           length(raw.text) < length(cast(raw.text as blob))
           and raw.text glob '*['
             || char(128, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
         )
      union all
      select (select min(character) from left_out where character > next), replace(text, next, '')
      from clean where next is not null
    )
    select coalesce(
      (
        -- A CR alone goes too, which would write over its line: char(1) keeps the places of the others.
        select replace(replace(replace(text, char(13, 10), char(1)), char(13), ''), char(1), char(13, 10))
        from clean where next is null
      ),
      (select text from raw)
    )
  ) as text,
  case
    when body.date_text glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), body.date_text
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else body.date_text
  end as date,
  case
    when body.message_id glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), body.message_id
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else body.message_id
  end as message_id,
  case
    when message.reverse_path glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), message.reverse_path
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else message.reverse_path
  end as reverse_path,
  case
    when message.recipient glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), message.recipient
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else message.recipient
  end as recipient,
  message.id as id
from (select *, row_number() over (partition by account order by uid) as number from present) as message
join account on account.id = message.account and account.removed = 0
join domain  on domain.id = account.domain
join body    on body.id = message.body;

-- The newest message is the one of the highest uid: looked for from there, not among all.
create view mailboxes as
select
  account.local || '@' || domain.name as account,
  account.messages                    as messages,
  account.octets                      as octets,
  strftime(
    '%Y-%m-%dT%H:%M:%SZ',
    case when account.messages > 0 then (
      select present.received_at from present where present.account = account.id order by present.uid desc limit 1
    ) end / 1000,
    'unixepoch'
  )                                   as last_delivery,
  strftime('%Y-%m-%dT%H:%M:%SZ', account.last_login_at / 1000, 'unixepoch') as last_login,
  account.quota_octets                as quota
from account
join domain on domain.id = account.domain
where account.removed = 0;

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
where account.removed = 0
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
join domain on domain.id = account.domain
where account.removed = 0;
