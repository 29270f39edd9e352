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

-- Each column that a sender chose is printable (0005). The window stands on `message` alone, so that SQLite reads and makes
-- only the columns that a query asks for.
create view mail as
select
  account.local || '@' || domain.name as account,
  message.number as number,
  account.validity || '.' || message.uid as uidl,
  strftime('%Y-%m-%dT%H:%M:%SZ', message.received_at / 1000, 'unixepoch') as received,
  (select text from printable where given = json_object('line', body.from_text)) as "from",
  (select text from printable where given = json_object('line', body.to_text)) as "to",
  (select text from printable where given = json_object('line', body.subject)) as subject,
  message.octets as octets,
  (
    select text from printable
    where given = json_object('lines', case
      when body.text_state = 2 then body.text
      else (
        -- A shell would end it at a NUL.
        select cast(substr(data, 1, coalesce(nullif(instr(data, x'00'), 0) - 1, length(data))) as text)
        from (
          select substr(chunk.data, body.header_octets + 1) as data
          from chunk where chunk.body = body.id and chunk.seq = 0
        )
      )
    end)
  ) as text,
  (select text from printable where given = json_object('line', body.date_text)) as date,
  (select text from printable where given = json_object('line', body.message_id)) as message_id,
  (select text from printable where given = json_object('line', message.reverse_path)) as reverse_path,
  (select text from printable where given = json_object('line', message.recipient)) as recipient,
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
