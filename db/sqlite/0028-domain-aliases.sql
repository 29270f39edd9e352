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

-- For the sqlite3 shell: documented in db/README.md, and kept from release to release. As in 0027, and which domain each is another name of.

drop view domains;

create view domains as
select
  domain.name as name,
  (select count(*) from account where account.domain = domain.id and account.removed = 0) as accounts,
  (select count(distinct alias.local) from alias where alias.domain = domain.id) as aliases,
  (select coalesce(sum(messages), 0) from account where account.domain = domain.id and account.removed = 0) as messages,
  (select coalesce(sum(octets), 0) from account where account.domain = domain.id and account.removed = 0) as octets,
  domain.quota_octets as quota,
  domain.quota_messages as quota_messages,
  domain.expire_days as expire_days,
  (select real.name from domain as real where real.id = domain.alias_of) as alias_of
from domain;

create trigger domains_insert instead of insert on domains
begin
  select raise(abort, 'a domain is a name such as example.org; one in another script is written by its A-labels, xn--...')
  where typeof(new.name) <> 'text'
     or not (select valid from domain_syntax where given = json_array(lower(new.name)));
  select raise(abort, 'the domain is local already')
  where exists (select 1 from domain where name = lower(new.name));
  insert into domain (name) values (lower(new.name));
  -- Whoever had the domain may have told cases apart, and here names are compared without.
  update or replace alias set target = lower(target)
  where substr(target, -length(new.name) - 1) = '@' || lower(new.name) and target <> lower(target);
  update domains set
    quota = new.quota, quota_messages = new.quota_messages, expire_days = new.expire_days, alias_of = new.alias_of
  where name = lower(new.name);
end;

create trigger domains_update instead of update on domains
begin
  select raise(abort, 'a domain keeps its name; insert the new one, and delete the old')
  where new.name is not old.name;
  select raise(abort, 'of a domain a shell may write quota, quota_messages, expire_days and alias_of; the others are counted')
  where new.accounts is not old.accounts or new.aliases is not old.aliases
     or new.messages is not old.messages or new.octets is not old.octets;
  select raise(abort, 'a quota is a whole number, of octets or of messages, or null for any')
  from (select new.quota as given union all select new.quota_messages)
  where given is not null and (typeof(given) <> 'integer' or given not between 0 and 9007199254740991);
  select raise(abort, 'mail expires after a whole number of days, from 1 to 36500, or null for never')
  where new.expire_days is not null
    and (typeof(new.expire_days) <> 'integer' or new.expire_days not between 1 and 36500);
  select raise(abort, 'an alias of another domain has neither a quota nor an expiry of its own')
  where old.alias_of is not null and new.alias_of is not null
    and coalesce(new.quota, new.quota_messages, new.expire_days) is not null;
  -- With another quota the store counts what the domain holds; without one nothing is counted.
  update domain set quota_octets = new.quota, quota_messages = new.quota_messages, messages = null, octets = null
  where name = old.name and (new.quota is not old.quota or new.quota_messages is not old.quota_messages);
  update domain set expire_days = new.expire_days where name = old.name;
  select raise(abort, 'alias_of is a local domain that is no alias itself, or null')
  where new.alias_of is not null
    and not exists (select 1 from domain where name = lower(new.alias_of) and alias_of is null and name <> old.name);
  select raise(abort, 'the domain has accounts, aliases, or domains that are aliases of it; remove them first')
  from domain
  where domain.name = old.name and lower(new.alias_of) is not old.alias_of and new.alias_of is not null and (
    exists (select 1 from account where account.domain = domain.id)
    or exists (select 1 from alias where alias.domain = domain.id)
    or exists (select 1 from domain as other where other.alias_of = domain.id)
  );
  update domain set
    alias_of = (select id from domain where name = lower(new.alias_of)),
    quota_octets = null, quota_messages = null, messages = null, octets = null, expire_days = null
  where name = old.name and lower(new.alias_of) is not old.alias_of;
  -- What led to names of it leads to those of the other.
  select raise(abort, 'names that lead to this domain would lead to themselves, or through more than ten aliases')
  where new.alias_of is not null and exists (
    with recursive reached (start, name, depth) as (
      select alias.local || '@' || domain.name,
             substr(alias.target, 1, length(alias.target) - length(old.name)) || lower(new.alias_of), 1
      from alias join domain on domain.id = alias.domain
      where substr(alias.target, -length(old.name) - 1) = '@' || old.name
      union
      select reached.start,
             iif(substr(alias.target, -length(old.name) - 1) = '@' || old.name,
                 substr(alias.target, 1, length(alias.target) - length(old.name)) || lower(new.alias_of), alias.target),
             reached.depth + 1
      from reached
      cross join address_parts as part on part.given = json_array(reached.name)
      cross join domain on domain.name = part.domain
      cross join alias on alias.domain = domain.id and alias.local = part.local
      where reached.depth < 11
      limit 250000
    )
    select 1 from reached group by start, name having name = start or min(depth) > 10
  );
  update or replace alias set target = substr(target, 1, length(target) - length(old.name)) || lower(new.alias_of)
  where new.alias_of is not null and substr(target, -length(old.name) - 1) = '@' || old.name;
  update shell_write set count = count + 1;
end;

create trigger domains_delete instead of delete on domains
begin
  select raise(abort, 'the domain has accounts; remove them first by pennypost account remove')
  where old.accounts > 0;
  select raise(abort, 'the mail of accounts that the domain had is still being deleted; try again in a moment')
  where exists (select 1 from account where domain = (select id from domain where name = old.name));
  delete from alias where domain = (select id from domain where name = old.name);
  -- They would lead out of here all at once.
  delete from alias where substr(target, -length(old.name) - 1) = '@' || old.name;
  delete from domain where name = old.name;
  update shell_write set count = count + 1;
end;

drop view accounts;

create view accounts as
select
  account.local || '@' || domain.name as account,
  account.enabled as enabled,
  account.quota_octets as quota,
  iif(account.recipients_per_hour = -1, 'none', account.recipients_per_hour) as recipients_per_hour,
  iif(account.recipients_per_day = -1, 'none', account.recipients_per_day) as recipients_per_day,
  strftime('%Y-%m-%dT%H:%M:%SZ', account.created_at / 1000, 'unixepoch') as created,
  account.quota_messages as quota_messages,
  account.keeps_mail as keeps_mail,
  iif(account.expire_days = 0, 'never', account.expire_days) as expire_days,
  account.refuses_mail as refuses_mail
from account
join domain on domain.id = account.domain
where account.removed = 0;

create trigger accounts_insert instead of insert on accounts
begin
  select raise(abort, 'an account needs a password; pennypost account add makes one');
end;

create trigger accounts_update instead of update on accounts
begin
  select raise(abort, 'an account keeps its name, and the moment when it was made; a shell may write its other columns')
  where new.account is not old.account or new.created is not old.created;
  select raise(abort, 'enabled is 1, or 0 for an account that nobody may log in to')
  where typeof(new.enabled) <> 'integer' or new.enabled not in (0, 1);
  select raise(abort, 'refuses_mail is 0, or 1 for an account that is disabled and takes no mail')
  where typeof(new.refuses_mail) <> 'integer' or new.refuses_mail not in (0, 1)
     or (new.refuses_mail > old.refuses_mail and new.enabled = 1);
  select raise(abort, 'keeps_mail is 0, or 1 for an account where a login removes mail from its own sight alone')
  where typeof(new.keeps_mail) <> 'integer' or new.keeps_mail not in (0, 1);
  select raise(abort, 'a quota is a whole number, of octets or of messages, or null for any')
  from (select new.quota as given union all select new.quota_messages)
  where given is not null and (typeof(given) <> 'integer' or given not between 0 and 9007199254740991);
  select raise(abort, 'mail expires after a whole number of days, from 1 to 36500, or ''never'', or null for as its domain')
  where new.expire_days is not null and new.expire_days is not 'never'
    and (typeof(new.expire_days) <> 'integer' or new.expire_days not between 1 and 36500);
  select raise(abort, 'a limit of recipients is a whole number up to 1000000000, or ''none'', or null for that of the server')
  from (
    select new.recipients_per_hour as given union all select new.recipients_per_day
  )
  where given is not null and given is not 'none'
    and (typeof(given) <> 'integer' or given not between 0 and 1000000000);
  update account set
    enabled = new.enabled,
    refuses_mail = iif(new.enabled = 1, 0, new.refuses_mail),
    keeps_mail = new.keeps_mail,
    quota_octets = new.quota,
    quota_messages = new.quota_messages,
    expire_days = iif(new.expire_days = 'never', 0, new.expire_days),
    recipients_per_hour = iif(new.recipients_per_hour = 'none', -1, new.recipients_per_hour),
    recipients_per_day = iif(new.recipients_per_day = 'none', -1, new.recipients_per_day)
  where local = (select local from address_parts where given = json_array(old.account))
    and domain = (
      select domain.id from address_parts as part join domain on domain.name = part.domain
      where part.given = json_array(old.account)
    );
  update shell_write set count = count + 1;
end;

create trigger accounts_delete instead of delete on accounts
begin
  select raise(abort, 'pennypost account remove removes an account, with its mail');
end;
