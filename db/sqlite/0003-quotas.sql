-- What an account may hold, and what it does hold. The counters are kept by the store in the same transaction as every
-- message that comes or goes, so that a quota is judged without counting rows.

alter table account add column quota_octets integer;                  -- null: no quota
alter table account add column messages integer not null default 0;   -- rows in message
alter table account add column octets   integer not null default 0;   -- their octets

update account set
  messages = (select count(*) from message where message.account = account.id),
  octets   = (select coalesce(sum(message.octets), 0) from message where message.account = account.id);

drop view mailboxes;

create view mailboxes as
select
  account.local || '@' || domain.name as account,
  account.messages                    as messages,
  account.octets                      as octets,
  strftime(
    '%Y-%m-%dT%H:%M:%SZ',
    (select max(message.received_at) from message where message.account = account.id) / 1000,
    'unixepoch'
  )                                   as last_delivery,
  strftime('%Y-%m-%dT%H:%M:%SZ', account.last_login_at / 1000, 'unixepoch') as last_login,
  account.quota_octets                as quota
from account
join domain on domain.id = account.domain;
