-- Ways of their own that mail to other domains takes. Applied once, in one transaction; never edited after a release.

create table route (
  scope   text not null,                     -- destination or sender: whose domain it is
  domain  text not null,                     -- example.org; .example.org is every name below it; * is all that no other route is of
  action  text not null,                     -- JSON: kind (relay, hold, error), urls and passwordFile, or text and status
  primary key (scope, domain)
) strict, without rowid;

-- For the sqlite3 shell: documented in db/README.md, and kept from release to release.

create view routes as
select
  route.scope as scope,
  route.domain as domain,
  route.action ->> 'kind' as action,
  (select text from printable where given = json_object('line', coalesce(
    (select group_concat(value, ',') from json_each(route.action, '$.urls')), route.action ->> 'text'))) as target,
  (select text from printable where given = json_object('line', route.action ->> 'passwordFile')) as password_file
from route;
