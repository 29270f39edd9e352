-- What a shell may write: the views `domains`, `aliases` and `accounts`, by triggers that keep the rules of src/store/rules and refuse
-- the rest with a sentence. The store itself writes to the tables. Applied once, in one transaction; never edited after a release.

-- How often a shell has written: the store looks at it, and lets nobody go on by what was so before.
create table shell_write (
  count  integer not null
) strict;

insert into shell_write values (0);

-- Functions, as far as SQL has them (0005): `given` is json_array(TEXT). Not a public interface.

-- The parts before and behind the last @.
create view address_parts as
select
  source.json as given,
  substr(source.value, 1, length(rtrim(source.value, replace(source.value, '@', ''))) - 1) as local,
  substr(source.value, length(rtrim(source.value, replace(source.value, '@', ''))) + 1) as domain
from json_each as source;

-- Whether it is a Domain by RFC 5321 §4.1.2, in lower case.
create view domain_syntax as
select
  source.json as given,
  length(source.value) between 1 and 255
    and source.value not glob '*[^a-z0-9.-]*'
    and '.' || source.value || '.' not glob '*..*'
    and '.' || source.value || '.' not glob '*.-*'
    and '.' || source.value || '.' not glob '*-.*'
    and source.value not glob '*' || replace(hex(zeroblob(64)), '00', '[^.]') || '*' as valid
from json_each as source;

-- Whether it is a Dot-string of ASCII by RFC 5321 §4.1.2.
create view dot_string_syntax as
select
  source.json as given,
  length(source.value) between 1 and 64
    and source.value not glob '*[^A-Za-z0-9!#$%&''*+/=?_`{|}~^.-]*'
    and '.' || source.value || '.' not glob '*..*' as valid
from json_each as source;

-- For the sqlite3 shell: documented in db/README.md, and kept from release to release.

create view domains as
select
  domain.name as name,
  (select count(*) from account where account.domain = domain.id and account.removed = 0) as accounts,
  (select count(distinct alias.local) from alias where alias.domain = domain.id) as aliases
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
  update shell_write set count = count + 1;
end;

create trigger domains_update instead of update on domains
begin
  select raise(abort, 'a domain keeps its name; insert the new one, and delete the old');
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

create view aliases as
select alias.local || '@' || domain.name as alias, alias.target as target
from alias
join domain on domain.id = alias.domain;

-- A target of an alias as it is to be added: in the form in which names are compared. Not a public interface.
create view alias_addition as
select domain, local, '' as alias, target from alias;

create trigger aliases_insert instead of insert on aliases
begin
  select raise(abort, 'an alias and its target are addresses such as sales@example.org')
  where typeof(new.alias) <> 'text' or typeof(new.target) <> 'text';
  insert into alias_addition (domain, local, alias, target)
  select
    (select id from domain where name = source.domain),
    source.local,
    source.local || '@' || source.domain,
    case
      when exists (select 1 from domain where name = lower(target.domain)) then lower(new.target)
      else target.local || '@' || lower(target.domain)
    end
  from address_parts as source
  cross join address_parts as target
  where source.given = json_array(lower(new.alias)) and target.given = json_array(new.target);
end;

create trigger alias_addition_insert instead of insert on alias_addition
begin
  select raise(abort, 'the domain of an alias is to be local; insert it into domains first')
  where new.domain is null;
  select raise(abort, 'an alias is an address such as sales@example.org; pennypost alias add takes quoted names too, and those in other scripts')
  where not (select valid from dot_string_syntax where given = json_array(new.local))
    and not exists (select 1 from alias where domain = new.domain and local = new.local);
  select raise(abort, 'there is an account of this name; an alias needs a name of its own')
  where exists (select 1 from account where domain = new.domain and local = new.local and removed = 0);

  select raise(abort, 'the target is neither an account nor an alias here; add it first')
  from address_parts as part
  join domain on domain.name = part.domain
  where part.given = json_array(new.target)
    and new.target <> new.alias
    and not exists (select 1 from account where domain = domain.id and local = part.local and removed = 0)
    and not exists (select 1 from alias where domain = domain.id and local = part.local);
  select raise(abort, 'a target in another domain is an address such as bob@example.net, in ASCII and not quoted')
  from address_parts as part
  where part.given = json_array(new.target)
    and not exists (select 1 from domain where name = part.domain)
    and not (
      (select valid from dot_string_syntax where given = json_array(part.local))
      and (select valid from domain_syntax where given = json_array(part.domain))
    );

  -- As rules/new-alias.ts: from the new target on, each name at the least distance.
  select raise(abort, 'the alias would lead to itself, or through more than ten aliases')
  where exists (
    with recursive reached (name, depth) as (
      select new.target, 1
      union
      select alias.target, reached.depth + 1
      from reached
      cross join address_parts as part on part.given = json_array(reached.name)
      cross join domain on domain.name = part.domain
      cross join alias on alias.domain = domain.id and alias.local = part.local
      where reached.depth < 11
      limit 25000
    )
    select 1 from reached group by name having name = new.alias or min(depth) > 10
  );
  select raise(abort, 'the alias would lead to more than 1000 addresses; a mailing list program serves so many')
  where (
    with recursive reached (name, depth) as (
      select new.target, 1
      union
      select target, 1 from alias where domain = new.domain and local = new.local
      union
      select alias.target, reached.depth + 1
      from reached
      cross join address_parts as part on part.given = json_array(reached.name)
      cross join domain on domain.name = part.domain
      cross join alias on alias.domain = domain.id and alias.local = part.local
      where reached.depth < 10
      limit 25000
    )
    select count(*) > 2000 or count(*) filter (
      where exists (
        select 1 from address_parts as part
        left join domain on domain.name = part.domain
        left join account on account.domain = domain.id and account.local = part.local and account.removed = 0
        where part.given = json_array(found.name) and (domain.id is null or account.id is not null)
      )
    ) > 1000
    from (select distinct name from reached) as found
  );
  insert or ignore into alias (domain, local, target) values (new.domain, new.local, new.target);
  update shell_write set count = count + 1;
end;

create trigger aliases_update instead of update on aliases
begin
  delete from aliases where alias = old.alias and target = old.target;
  insert into aliases (alias, target) values (new.alias, new.target);
end;

create trigger aliases_delete instead of delete on aliases
begin
  delete from alias
  where domain = (
      select domain.id from address_parts as part join domain on domain.name = part.domain
      where part.given = json_array(old.alias)
    )
    and local = (select local from address_parts where given = json_array(old.alias))
    and target = old.target;
  update shell_write set count = count + 1;
end;

create view accounts as
select
  account.local || '@' || domain.name as account,
  account.enabled as enabled,
  account.quota_octets as quota,
  iif(account.recipients_per_hour = -1, 'none', account.recipients_per_hour) as recipients_per_hour,
  iif(account.recipients_per_day = -1, 'none', account.recipients_per_day) as recipients_per_day,
  strftime('%Y-%m-%dT%H:%M:%SZ', account.created_at / 1000, 'unixepoch') as created
from account
join domain on domain.id = account.domain
where account.removed = 0;

create trigger accounts_insert instead of insert on accounts
begin
  select raise(abort, 'an account needs a password; pennypost account add makes one');
end;

create trigger accounts_update instead of update on accounts
begin
  select raise(abort, 'of an account a shell may write enabled, quota, recipients_per_hour and recipients_per_day')
  where new.account is not old.account or new.created is not old.created;
  select raise(abort, 'enabled is 1, or 0 for an account that nobody may log in to')
  where typeof(new.enabled) <> 'integer' or new.enabled not in (0, 1);
  select raise(abort, 'a quota is a whole number of octets, or null for any amount')
  where new.quota is not null
    and (typeof(new.quota) <> 'integer' or new.quota not between 0 and 9007199254740991);
  select raise(abort, 'a limit of recipients is a whole number up to 1000000000, or ''none'', or null for that of the server')
  from (
    select new.recipients_per_hour as given union all select new.recipients_per_day
  )
  where given is not null and given is not 'none'
    and (typeof(given) <> 'integer' or given not between 0 and 1000000000);
  update account set
    enabled = new.enabled,
    quota_octets = new.quota,
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
