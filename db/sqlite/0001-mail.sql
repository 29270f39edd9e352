-- The mail store: accounts and the names that lead to them, bodies in chunks, one message row per recipient.
-- Applied once, in one transaction; never edited after a release. Times are milliseconds since 1970, UTC.

create table domain (
  id    integer primary key,
  name  text not null unique                 -- lower case
) strict;

create table account (
  id             integer primary key autoincrement,   -- never used again, so a removed account's mail cannot reappear
  local          text not null,              -- lower case, unquoted
  domain         integer not null references domain (id),
  password_hash  text not null,              -- a PHC string: $scrypt$…
  validity       text not null unique,       -- first half of every UIDL; random, made with the account
  uid_next       integer not null default 1, -- grows only
  created_at     integer not null,
  last_login_at  integer,
  unique (domain, local)
) strict;

create table alias (
  domain   integer not null references domain (id),
  local    text not null,                    -- lower case; '*' is the catch-all
  target   text not null,                    -- local@domain, an account or another alias here
  primary key (domain, local, target)
) strict, without rowid;

-- One row per message as it was sent, however many recipients. refs = 0: still arriving, or abandoned; swept at start.
create table body (
  id          integer primary key autoincrement,
  refs        integer not null,              -- message rows that point here
  octets      integer not null,              -- as sent, without trace headers
  header_octets integer not null,            -- up to and including the empty line
  from_text   text,                          -- header fields, unfolded and decoded for people
  to_text     text,
  subject     text,
  date_text   text,
  message_id  text,
  text_state  integer not null,              -- 0 the raw text is readable as it stands, 1 to be decoded, 4 being decoded,
                                             -- 2 decoded, 3 decoding failed or took the store with it
  text        text                           -- decoded text of a MIME message, when text_state = 2
) strict;

create index body_arriving on body (id) where refs = 0;
create index body_undecoded on body (id) where text_state = 1;
create index body_decoding on body (id) where text_state = 4;

create table chunk (
  body  integer not null references body (id),
  seq   integer not null,                    -- from 0
  data  blob not null,                       -- at most 256 KiB
  unique (body, seq)
) strict;

create table message (
  id            integer primary key,
  account       integer not null references account (id),
  uid           integer not null,            -- second half of the UIDL; never used again within the account
  body          integer not null,            -- of body; no foreign key, which would cost an index: body.refs counts instead
  octets        integer not null,            -- what RETR sends: trace, body, and a last CRLF if the body lacks one
  received_at   integer not null,
  reverse_path  text not null,               -- '' is the null reverse-path
  recipient     text not null,               -- the forward-path as the client gave it
  trace         blob not null                -- Return-Path, Delivered-To and Received, CRLF each
) strict;

-- Everything that a POP3 listing needs, so that a login reads no message row.
create unique index message_listing on message (account, uid, octets);

-- For the sqlite3 shell: documented in db/README.md, and kept from release to release.

create view mail as
select
  account.local || '@' || domain.name                                   as account,
  row_number() over (partition by message.account order by message.uid) as number,
  account.validity || '.' || message.uid                                as uidl,
  strftime('%Y-%m-%dT%H:%M:%SZ', message.received_at / 1000, 'unixepoch') as received,
  body.from_text                                                        as "from",
  body.to_text                                                          as "to",
  body.subject                                                          as subject,
  message.octets                                                        as octets,
  case
    when body.text_state = 2 then body.text
    else (
      select cast(substr(chunk.data, body.header_octets + 1) as text)
      from chunk where chunk.body = body.id and chunk.seq = 0
    )
  end                                                                   as text,
  body.date_text                                                        as date,
  body.message_id                                                       as message_id,
  message.reverse_path                                                  as reverse_path,
  message.recipient                                                     as recipient,
  message.id                                                            as id
from message
join account on account.id = message.account
join domain  on domain.id = account.domain
join body    on body.id = message.body;

create view mailboxes as
select
  account.local || '@' || domain.name as account,
  count(message.id)                   as messages,
  coalesce(sum(message.octets), 0)    as octets,
  strftime('%Y-%m-%dT%H:%M:%SZ', max(message.received_at) / 1000, 'unixepoch') as last_delivery,
  strftime('%Y-%m-%dT%H:%M:%SZ', account.last_login_at / 1000, 'unixepoch')    as last_login
from account
join domain on domain.id = account.domain
left join message on message.account = account.id
group by account.id;
