-- An account may forward its mail, and have another name. Applied once, in one transaction; never edited after a release.

-- 1: its mail goes to the targets that `alias` has under its name, 2: and into its maildrop as well.
alter table account add column forwards integer not null default 0 check (forwards in (0, 1, 2));
-- The password_version since which it has its name: logins of before are over.
alter table account add column name_version integer not null default 0;

-- With the last target its mail is its own again, whoever takes that away.
create trigger forward_ends after delete on alias
when not exists (select 1 from alias where domain = old.domain and local = old.local)
begin
  update account set forwards = 0 where domain = old.domain and local = old.local and forwards > 0;
end;

drop view addressee;

-- As in 0025, and where else its mail goes.
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
  account.forwards as forwards
from account
join domain on domain.id = account.domain
where account.removed = 0;
