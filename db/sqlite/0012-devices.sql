-- Devices: machines and programs that hand mail in without a login, known by the networks they come from. Applied once, in one
-- transaction; never edited after a release.

create table device (
  id              integer primary key autoincrement,  -- never used again: an open session would have another's rights
  name            text not null unique collate nocase,
  networks        text not null,               -- addresses and subnets, a list in JSON
  sender          text,                        -- the sender of all its mail; null: what it says itself
  account         integer,                     -- of account: whose mail it is; null: it sends to nobody elsewhere
  rate_messages   integer,                     -- so many in rate_ms; null: any number
  rate_ms         integer,
  max_octets      integer,                     -- of a message; null: as large as the server takes
  to_domains      text,                        -- of other domains only these, a list in JSON; null: any
  created_at      integer not null,
  period_at       integer not null default 0,  -- when the time began that rate_ms is counted from
  period_messages integer not null default 0,  -- accepted since
  day             text not null default '',    -- the day, at the server, of the two counts that follow
  day_accepted    integer not null default 0,
  day_refused     integer not null default 0,  -- replies that refused something
  last_mail_at    integer,
  last_mended_at  integer,
  last_mended     text,                        -- what was not as it should be and was made so, a list in JSON
  last_refused_at integer,
  last_refusal    text                         -- the reply, or how the connection broke
) strict;

create index device_account on device (account) where account is not null;

-- For the sqlite3 shell: documented in db/README.md, and kept from release to release. Each column that somebody else chose is
-- printable (0005).
create view devices as
select
  device.name as name,
  (select group_concat(value, ' ') from json_each(device.networks)) as networks,
  (select text from printable where given = json_object('line', device.sender)) as sender,
  (select account.local || '@' || domain.name from account join domain on domain.id = account.domain
   where account.id = device.account) as account,
  strftime('%Y-%m-%dT%H:%M:%SZ', device.created_at / 1000, 'unixepoch') as created,
  device.day as day,
  device.day_accepted as accepted,
  device.day_refused as refused,
  strftime('%Y-%m-%dT%H:%M:%SZ', device.last_mail_at / 1000, 'unixepoch') as last_mail,
  strftime('%Y-%m-%dT%H:%M:%SZ', device.last_mended_at / 1000, 'unixepoch') as last_mended,
  (select group_concat(value, ' ') from json_each(device.last_mended)) as mended,
  strftime('%Y-%m-%dT%H:%M:%SZ', device.last_refused_at / 1000, 'unixepoch') as last_refused,
  (select text from printable where given = json_object('line', device.last_refusal)) as refusal
from device;
