-- Search: an index (FTS5) of the words of messages, and what it needs to know of each. The store fills it after the commit, a few
-- messages at a time. Applied once, in one transaction; never edited after a release.

alter table body add column cc_text text;            -- as to_text; null until the body is in the index
alter table body add column attachments integer;     -- 1: a part of it is for saving, 0: none; null: not decoded, or before this

-- The copies of each body in the index, as they were when it was added, by message.id, which a restore keeps: rows go with the body,
-- not with the message. What was removed since is not in `present`, and may be there again.
create table indexed (
  body     integer not null,
  account  integer not null,
  message  integer not null,
  primary key (body, account, message)
) strict, without rowid;

-- One row. Every message up to `message` is in the index; no id of message is used again behind it.
create table indexing (
  id       integer primary key check (id = 1),
  message  integer not null
) strict;

insert into indexing values (1, 0);

-- What the index says of a body: exactly so it is added and deleted, so no column may change in between. `account` has a word for
-- each account that has it, `has` the word attachment. Not a public interface.
create view index_content as
select
  body.id as id,
  substr(case body.text_state
    when 2 then body.text
    when 0 then (
      select cast(substr(chunk.data, body.header_octets + 1) as text)
      from chunk where chunk.body = body.id and chunk.seq = 0
    )
  end, 1, 65536) as text,
  body.subject as subject,
  body.from_text as "from",
  body.to_text as "to",
  body.cc_text as cc,
  case body.attachments when 1 then 'attachment' end as has,
  (select group_concat('account' || account, ' ') from (
    select distinct indexed.account from indexed where indexed.body = body.id
  )) as account
from body;

-- The text is the first column: the places of its words are then kept in the fewest octets. Sizes of columns are not kept: what is
-- found is in the order of its arrival, not of its rank.
create virtual table mail_index using fts5 (
  text, subject, "from", "to", cc, has, account,
  content = 'index_content', content_rowid = 'id', columnsize = 0, tokenize = 'unicode61 remove_diacritics 2'
);

-- A commit never merges what was added before: that takes as long as the words are many, and is done in steps by who adds.
insert into mail_index (mail_index, rank) values ('automerge', 0), ('crisismerge', 256), ('usermerge', 8);

-- For the sqlite3 shell: documented in db/README.md, and kept from release to release. Each column that a sender chose is
-- printable (0005).
create view mail_search as
select
  mail_index.mail_index as mail_search,
  account.local || '@' || domain.name as account,
  coalesce(
    (select imported.uidl from imported
     where imported.account = message.account and imported.uid = message.uid and imported.uidl is not null),
    account.validity || '.' || message.uid
  ) as uidl,
  strftime('%Y-%m-%dT%H:%M:%SZ', message.received_at / 1000, 'unixepoch') as received,
  (select text from printable where given = json_object('line', body.from_text)) as "from",
  (select text from printable where given = json_object('line', body.to_text)) as "to",
  (select text from printable where given = json_object('line', body.cc_text)) as cc,
  (select text from printable where given = json_object('line', body.subject)) as subject,
  message.octets as octets,
  coalesce(body.attachments, 0) as attachments,
  message.id as id
from mail_index
join indexed on indexed.body = mail_index.rowid
join present as message on message.id = indexed.message and message.account = indexed.account
join body on body.id = indexed.body
join account on account.id = message.account and account.removed = 0
join domain on domain.id = account.domain;
