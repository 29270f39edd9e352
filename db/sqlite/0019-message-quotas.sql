-- Quotas count messages as well as octets, and a domain may have one for all of its accounts together. Applied once, in one
-- transaction; never edited after a release.

alter table account add column quota_messages integer;  -- null: any number

-- The counters of a domain with a quota are kept in the transaction of every message that comes or goes; those of another are null.
alter table domain add column quota_octets   integer;
alter table domain add column quota_messages integer;
alter table domain add column messages       integer;
alter table domain add column octets         integer;

drop view mailboxes;

-- As in 0006, and with the quota in messages.
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
  account.quota_octets                as quota,
  account.quota_messages              as quota_messages
from account
join domain on domain.id = account.domain
where account.removed = 0;

-- Where mail goes, and what is left of the quotas that count for it. Not a public interface.
create view addressee as
select
  account.id as id,
  account.domain as domain,
  account.local as local,
  account.local || '@' || domain.name as address,
  account.quota_octets - account.octets as free_octets,
  account.quota_messages - account.messages as free_messages,
  domain.quota_octets - domain.octets as domain_free_octets,
  domain.quota_messages - domain.messages as domain_free_messages
from account
join domain on domain.id = account.domain
where account.removed = 0;
