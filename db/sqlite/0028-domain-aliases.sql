-- A domain may be another name of one that is there, and an account that is disabled may refuse its mail. Applied once, in one
-- transaction; never edited after a release.

alter table domain add column alias_of integer references domain (id);          -- the domain whose names its names are; null: its own
alter table account add column refuses_mail integer not null default 0;         -- 1: while it is disabled

create index domain_alias on domain (alias_of) where alias_of is not null;

-- For whoever writes without the store, which asks before.
create trigger domain_with_aliases before delete on domain
when exists (select 1 from domain as other where other.alias_of = old.id)
begin
  select raise(abort, 'other domains are aliases of this one; remove them first');
end;

create trigger alias_in_a_domain before insert on alias
when exists (
  select 1 from domain
  where alias_of is not null and (id = new.domain or substr(new.target, -length(name) - 1) = '@' || name)
)
begin
  select raise(abort, 'the domain is an alias of another; name that one');
end;

drop view addressee;

-- As in 0019, and whether its mail is refused.
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
  account.refuses_mail and not account.enabled as refuses
from account
join domain on domain.id = account.domain
where account.removed = 0;
