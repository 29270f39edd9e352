-- People who have logged in by HTTP, and how long that lasts. Applied once, in one transaction; never edited after a release.
-- Times are milliseconds since 1970, UTC. The token itself is with the browser alone.

create table web_session (
  id               text    primary key,   -- SHA-256 of its token, in hexadecimal
  account          integer not null,
  credential       integer,               -- the app password that was proved; null: the account's own
  password_version integer not null,      -- of the account's own when that was proved
  since            integer not null,
  seen_at          integer not null,      -- to the hour
  until            integer not null,      -- when it ends, unless it is seen before
  client           text    not null,      -- its address when it was seen
  agent            text    not null       -- what its browser called itself
) strict, without rowid;

create index web_session_account on web_session (account, seen_at);
create index web_session_until on web_session (until);
