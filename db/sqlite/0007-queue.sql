-- Mail on its way out: a row for each recipient in another domain, written in the transaction that takes the message.
-- Applied once, in one transaction; never edited after a release.

-- A message that is sent on. Its body is shared with the copies in maildrops here, and body.refs counts it once.
create table outgoing (
  id            integer primary key autoincrement,
  body          integer not null,            -- of body; counted there instead of a foreign key
  recipients    integer not null,            -- rows in queued that point here; with the last of them this row goes
  octets        integer not null,            -- what is sent: trace, body, and a last CRLF if the body lacks one
  header_octets integer not null,            -- of them, up to and including the empty line
  queued_at     integer not null,
  expires_at    integer not null,            -- what still waits then is given up
  notice_at     integer,                     -- the sender is told then of what still waits, once; null: never
  reverse_path  text not null,               -- '' is the null reverse-path
  submitter     integer,                     -- the account that logged in; it may be gone by now
  body_kind     text not null,               -- 7bit or 8bitmime
  smtputf8      integer not null,
  require_tls   integer not null,            -- RFC 8689
  returned      text,                        -- RET: full or headers
  envelope_id   text,                        -- ENVID
  trace         blob not null                -- Received, CRLF each
) strict;

-- A domain that something waits for; the row goes with the last that does.
create table destination (
  id            integer primary key,
  name          text not null unique,
  rest_until    integer,                     -- nothing is tried before; null: it does not rest
  rest_reason   text,                        -- a reply, in JSON
  ready_at      integer                      -- when its first row is due and it does not rest; null: none ever is
) strict;

create index destination_ready on destination (ready_at, name) where ready_at is not null;

-- One recipient. reply, here and in attempt, is JSON: code, enhanced, text, host, address, tls, command.
create table queued (
  id            integer primary key autoincrement,
  message       integer not null,            -- of outgoing; counted there instead of a foreign key
  destination   integer not null,            -- of destination, which stays while there is such a row
  recipient     text not null,               -- the forward-path
  state         integer not null,            -- 0 active, 1 deferred, 2 hold, 3 corrupt
  due_at        integer,                     -- the next attempt, or the end of the lease; null in hold and corrupt
  attempts      integer not null default 0,
  crashes       integer not null default 0,  -- how often the process that had leased it ended
  noticed       integer not null default 0,  -- 1: the sender was told that it still waits
  expire_at     integer,                     -- of the message; null where due_at is
  notice_at     integer,                     -- the same; null too when the sender was told
  leased_by     text,                        -- the sender that is at it
  due_before    integer,                     -- before it was leased
  is_attempt    integer,                     -- 0: leased because it is late
  notify        text,                        -- NOTIFY, a list in JSON
  original_recipient text,                   -- ORCPT
  reply         text                         -- the last that was not good
) strict;

create index queued_due on queued (destination, due_at);
create index queued_leased on queued (leased_by, due_at) where leased_by is not null;
create index queued_crashed on queued (due_at) where crashes > 0;
create index queued_expire on queued (expire_at) where expire_at is not null;
create index queued_notice on queued (notice_at) where notice_at is not null;

-- Rows of queued by their state, kept in the transaction of every row that comes, changes or goes.
create table queue_count (
  state         integer primary key,
  recipients    integer not null
) strict;

insert into queue_count values (0, 0), (1, 0), (2, 0), (3, 0);

-- What was tried, in order. Deleted after a while, oldest first.
create table attempt (
  id            integer primary key,
  queued        integer not null,            -- of queued; the row may be gone
  at            integer not null,
  duration_ms   integer,
  kind          text not null,               -- delivered, deferred, failed, held, crashed, removed
  reverse_path  text not null,
  recipient     text not null,
  reply         text not null
) strict;

create index attempt_queued on attempt (queued);

-- Addresses that nothing is sent to: in lower case.
create table suppression (
  address       text primary key,
  reason        text not null,
  since         integer not null
) strict, without rowid;

-- For the sqlite3 shell: documented in db/README.md, and kept from release to release. Each column that somebody else chose is
-- printable (0005).

create view queue as
select
  queued.id as id,
  case queued.state when 0 then 'active' when 1 then 'deferred' when 2 then 'hold' else 'corrupt' end as state,
  (select text from printable where given = json_object('line', outgoing.reverse_path)) as "from",
  (select text from printable where given = json_object('line', queued.recipient)) as "to",
  (select text from printable where given = json_object('line', destination.name)) as destination,
  outgoing.octets as octets,
  strftime('%Y-%m-%dT%H:%M:%SZ', outgoing.queued_at / 1000, 'unixepoch') as queued,
  strftime('%Y-%m-%dT%H:%M:%SZ', max(queued.due_at, coalesce(destination.rest_until, 0)) / 1000, 'unixepoch')
    as next_attempt,
  strftime('%Y-%m-%dT%H:%M:%SZ', outgoing.expires_at / 1000, 'unixepoch') as expires,
  queued.attempts as attempts,
  queued.reply ->> 'code' as code,
  (select text from printable where given = json_object('line', queued.reply ->> 'enhanced')) as enhanced,
  (select text from printable where given = json_object('line', queued.reply ->> 'text')) as reply,
  (select text from printable where given = json_object('line', queued.reply ->> 'host')) as host,
  queued.message as message
from queued
join outgoing on outgoing.id = queued.message
join destination on destination.id = queued.destination;

create view deliveries as
select
  attempt.queued as id,
  strftime('%Y-%m-%dT%H:%M:%SZ', attempt.at / 1000, 'unixepoch') as at,
  attempt.kind as outcome,
  (select text from printable where given = json_object('line', attempt.reverse_path)) as "from",
  (select text from printable where given = json_object('line', attempt.recipient)) as "to",
  (select text from printable where given = json_object('line', attempt.reply ->> 'host')) as host,
  (select text from printable where given = json_object('line', attempt.reply ->> 'address')) as address,
  (select text from printable where given = json_object('line', attempt.reply ->> 'tls')) as tls,
  attempt.reply ->> 'code' as code,
  (select text from printable where given = json_object('line', attempt.reply ->> 'enhanced')) as enhanced,
  (select text from printable where given = json_object('line', attempt.reply ->> 'text')) as reply,
  (select text from printable where given = json_object('line', attempt.reply ->> 'command')) as command,
  attempt.duration_ms as duration_ms
from attempt;
