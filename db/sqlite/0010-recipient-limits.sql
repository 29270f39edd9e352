-- How many recipients in other domains an account may send to, and how many it has. Applied once, in one transaction; never edited
-- after a release.

alter table account add column recipients_per_hour integer;  -- its own limit; null: that of the server, -1: none
alter table account add column recipients_per_day  integer;  -- the same

-- Recipients that were queued for who had logged in, counted in the transaction that queues them. At most a day and a bit of each
-- account: a slot that is older goes when the account begins the next one.
create table submitted (
  account    integer not null,           -- of account; it may be gone by now
  slot       integer not null,           -- a time of ten minutes, counted from 1970
  recipients integer not null,
  primary key (account, slot)
) strict, without rowid;
