-- What came and who logged in, for people who look: written behind what it tells of, and kept for a while. Applied once, in one
-- transaction; never edited after a release.

-- One recipient of a message that came, or a sender or recipient that was refused; where `address` is null, how many came or were
-- refused beyond those that have a row each.
create table arrival (
  id            integer primary key,
  at            integer not null,
  address       text,                        -- of the client
  helo          text,
  tls           text,                        -- its version; null in clear
  login         text,                        -- the account that had logged in
  reverse_path  text,
  recipient     text,                        -- null where a sender was refused
  octets        integer,                     -- as sent; null where no message came
  message       text,                        -- its id
  code          integer,
  reply         text,
  times         integer not null
) strict;

-- Logins that differ in nothing but their moment, within an hour. '' stands for nothing: a key has no nulls.
create table login (
  hour        integer not null,              -- since 1970
  account     text not null,                 -- '': of a name that nobody has, which may be a password
  address     text not null,                 -- of the client; '': of clients beyond those that have a row each
  protocol    text not null,
  mechanism   text not null,
  credential  text not null,                 -- the name of the app password
  outcome     text not null,                 -- accepted, wrong, or refused before the password was looked at
  reason      text not null,
  first_at    integer not null,
  last_at     integer not null,
  times       integer not null,
  primary key (hour, account, address, protocol, mechanism, credential, outcome, reason)
) strict, without rowid;

-- For the sqlite3 shell: documented in db/README.md, and kept from release to release. Each column that somebody else chose is
-- printable (0005).
create view arrivals as
select
  strftime('%Y-%m-%dT%H:%M:%SZ', arrival.at / 1000, 'unixepoch') as at,
  arrival.address as address,
  (select text from printable where given = json_object('line', arrival.helo)) as helo,
  arrival.tls as tls,
  arrival.login as login,
  (select text from printable where given = json_object('line', arrival.reverse_path)) as "from",
  (select text from printable where given = json_object('line', arrival.recipient)) as "to",
  arrival.octets as octets,
  arrival.message as id,
  arrival.code as code,
  (select text from printable where given = json_object('line', arrival.reply)) as reply,
  arrival.times as times
from arrival;

create view logins as
select
  strftime('%Y-%m-%dT%H:%M:%SZ', login.last_at / 1000, 'unixepoch') as last,
  strftime('%Y-%m-%dT%H:%M:%SZ', login.first_at / 1000, 'unixepoch') as first,
  login.times as times,
  nullif(login.account, '') as account,
  nullif(login.address, '') as address,
  login.outcome as outcome,
  nullif(login.reason, '') as reason,
  login.protocol as protocol,
  nullif(login.mechanism, '') as mechanism,
  (select text from printable where given = json_object('line', nullif(login.credential, ''))) as credential
from login;
