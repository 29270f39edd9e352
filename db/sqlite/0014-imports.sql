-- Mail that came from elsewhere by administration: known by what it was, so that nothing comes twice, and by the UIDL it had there.
-- Applied once, in one transaction; never edited after a release.

create table imported (
  account  integer not null,   -- of account; its rows go before it does
  key      blob    not null,   -- 32 octets: the hash of the message, or of what it was called where it came from
  uid      integer not null,   -- the message that it became; it may have been removed since
  uidl     text,               -- kept from where it came from, and never given to another message; null: the account's own
  primary key (account, key)
) strict, without rowid;

create unique index imported_uidl on imported (account, uidl) where uidl is not null;
create index imported_uid on imported (account, uid, uidl) where uidl is not null;

drop view mail;

-- As in 0006, but for the UIDL.
create view mail as
select
  account.local || '@' || domain.name as account,
  message.number as number,
  coalesce(
    (select imported.uidl from imported
     where imported.account = message.account and imported.uid = message.uid and imported.uidl is not null),
    account.validity || '.' || message.uid
  ) as uidl,
  strftime('%Y-%m-%dT%H:%M:%SZ', message.received_at / 1000, 'unixepoch') as received,
  (select text from printable where given = json_object('line', body.from_text)) as "from",
  (select text from printable where given = json_object('line', body.to_text)) as "to",
  (select text from printable where given = json_object('line', body.subject)) as subject,
  message.octets as octets,
  (
    select text from printable
    where given = json_object('lines', case
      when body.text_state = 2 then body.text
      else (
        -- A shell would end it at a NUL.
        select cast(substr(data, 1, coalesce(nullif(instr(data, x'00'), 0) - 1, length(data))) as text)
        from (
          select substr(chunk.data, body.header_octets + 1) as data
          from chunk where chunk.body = body.id and chunk.seq = 0
        )
      )
    end)
  ) as text,
  (select text from printable where given = json_object('line', body.date_text)) as date,
  (select text from printable where given = json_object('line', body.message_id)) as message_id,
  (select text from printable where given = json_object('line', message.reverse_path)) as reverse_path,
  (select text from printable where given = json_object('line', message.recipient)) as recipient,
  message.id as id
from (select *, row_number() over (partition by account order by uid) as number from present) as message
join account on account.id = message.account and account.removed = 0
join domain  on domain.id = account.domain
join body    on body.id = message.body;
