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

-- As in 0028, and where else its mail goes.
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

-- For the sqlite3 shell: documented in db/README.md, and kept from release to release. As in 0018, and an account that forwards is no
-- alias: it has a view of its own.

drop view aliases;

create view aliases as
select alias.local || '@' || domain.name as alias, alias.target as target
from alias
join domain on domain.id = alias.domain
where not exists (
  select 1 from account
  where account.domain = alias.domain and account.local = alias.local and account.removed = 0
);

create view forwards as
select
  account.local || '@' || domain.name as account,
  alias.target as target,
  account.forwards = 2 as keeps
from account
join domain on domain.id = account.domain
join alias on alias.domain = account.domain and alias.local = account.local
where account.forwards > 0 and account.removed = 0;

drop trigger alias_addition_insert;

create trigger alias_addition_insert instead of insert on alias_addition
begin
  select raise(abort, 'the domain of an alias is to be local; insert it into domains first')
  where new.domain is null;
  select raise(abort, 'an alias is an address such as sales@example.org; pennypost alias add takes quoted names too, and those in other scripts')
  where not (select valid from dot_string_syntax where given = json_array(new.local))
    and not exists (select 1 from alias where domain = new.domain and local = new.local)
    and not exists (select 1 from account where domain = new.domain and local = new.local);
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

create trigger aliases_insert instead of insert on aliases
begin
  select raise(abort, 'an alias and its target are addresses such as sales@example.org')
  where typeof(new.alias) <> 'text' or typeof(new.target) <> 'text'
     or instr(new.alias, char(0)) > 0 or instr(new.target, char(0)) > 0;
  select raise(abort, 'there is an account of this name; an alias needs a name of its own')
  from address_parts as part
  join domain on domain.name = part.domain
  join account on account.domain = domain.id and account.local = part.local and account.removed = 0
  where part.given = json_array(lower(new.alias));
  insert into alias_addition (domain, local, alias, target)
  select
    (select id from domain where name = source.domain),
    source.local,
    source.local || '@' || source.domain,
    coalesce(
      (select lower(target.local) || '@' || coalesce(real.name, domain.name)
       from domain left join domain as real on real.id = domain.alias_of
       where domain.name = lower(target.domain)),
      target.local || '@' || lower(target.domain)
    )
  from address_parts as source
  cross join address_parts as target
  where source.given = json_array(lower(new.alias)) and target.given = json_array(new.target);
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

create trigger forwards_insert instead of insert on forwards
begin
  select raise(abort, 'an account and the target of its mail are addresses such as sales@example.org')
  where typeof(new.account) <> 'text' or typeof(new.target) <> 'text'
     or instr(new.account, char(0)) > 0 or instr(new.target, char(0)) > 0;
  select raise(abort, 'keeps is 1 where the account keeps a copy, or 0; as it was unless told')
  where new.keeps not in (0, 1);
  select raise(abort, 'there is no such account')
  where not exists (
    select 1 from address_parts as part
    join domain on domain.name = part.domain
    join account on account.domain = domain.id and account.local = part.local and account.removed = 0
    where part.given = json_array(lower(new.account))
  );
  insert into alias_addition (domain, local, alias, target)
  select
    (select id from domain where name = source.domain),
    source.local,
    source.local || '@' || source.domain,
    coalesce(
      (select lower(target.local) || '@' || coalesce(real.name, domain.name)
       from domain left join domain as real on real.id = domain.alias_of
       where domain.name = lower(target.domain)),
      target.local || '@' || lower(target.domain)
    )
  from address_parts as source
  cross join address_parts as target
  where source.given = json_array(lower(new.account)) and target.given = json_array(new.target);
  update account set forwards = iif(new.keeps is null, max(forwards, 1), new.keeps + 1)
  where (local, domain) = (
    select part.local, domain.id from address_parts as part join domain on domain.name = part.domain
    where part.given = json_array(lower(new.account))
  );
end;

create trigger forwards_update instead of update on forwards
begin
  select raise(abort, 'a target is given to another account by a delete and an insert')
  where new.account is not old.account;
  delete from forwards where account = old.account and target = old.target;
  insert into forwards (account, target, keeps) values (new.account, new.target, new.keeps);
end;

create trigger forwards_delete instead of delete on forwards
begin
  delete from alias
  where (local, domain) = (
      select part.local, domain.id from address_parts as part join domain on domain.name = part.domain
      where part.given = json_array(old.account)
    )
    and target = old.target;
  update shell_write set count = count + 1;
end;
