-- Mail that expires: how many days it is kept, of an account or of a domain. Applied once, in one transaction; never edited after a
-- release.

alter table domain add column expire_days integer check (expire_days > 0);    -- null: never
alter table account add column expire_days integer check (expire_days >= 0);  -- null: as its domain; 0: never

create index domain_expires on domain (expire_days) where expire_days > 0;
create index account_expires on account (expire_days) where expire_days > 0;

-- How old mail is: what has a lower uid had come at that moment. A row for each day on which something came, as long as the mail
-- of the account expires; not `received_at`, which an import takes from elsewhere, and a restore leaves as it was.
create table age (
  account  integer not null references account (id),
  at       integer not null,
  uid      integer not null,
  primary key (account, at)
) strict, without rowid;
