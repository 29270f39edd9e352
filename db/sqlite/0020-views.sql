-- Views of a maildrop: what one login removes is hidden from that login alone. Applied once, in one transaction; never edited
-- after a release.

-- 1: what a login removes is hidden from that login alone, whatever its password.
alter table account add column keeps_mail integer not null default 0 check (keeps_mail in (0, 1));

-- The uids that a view does not show, in ranges between which there is a message: both ends belong to them.
create table hidden (
  account  integer not null references account (id),
  view     integer not null,                 -- the credential that hid them; 0: the account's own password
  first    integer not null,
  last     integer not null,
  primary key (account, view, first)
) strict, without rowid;

-- For the sqlite3 shell: documented in db/README.md, and kept from release to release. What is there and hidden, once for each
-- login that has hidden it. Each column that somebody else chose is printable (0005).
create view hidden_mail as
select
  account.local || '@' || domain.name as account,
  credential.name as login,
  coalesce(
    (select imported.uidl from imported
     where imported.account = present.account and imported.uid = present.uid and imported.uidl is not null),
    account.validity || '.' || present.uid
  ) as uidl,
  strftime('%Y-%m-%dT%H:%M:%SZ', present.received_at / 1000, 'unixepoch') as received,
  (select text from printable where given = json_object('line', body.from_text)) as "from",
  (select text from printable where given = json_object('line', body.to_text)) as "to",
  (select text from printable where given = json_object('line', body.subject)) as subject,
  present.octets as octets
from hidden
join account on account.id = hidden.account and account.removed = 0
join domain  on domain.id = account.domain
join present on present.account = hidden.account and present.uid between hidden.first and hidden.last
join body    on body.id = present.body
left join credential on credential.id = hidden.view;
