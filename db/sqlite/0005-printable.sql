-- The view mail shows no character that moves a terminal's cursor, hides what follows or turns its direction, whatever a
-- sender wrote: such characters are left out. The octets of a message stay as they came. Applied once, in one transaction;
-- never edited after a release.

create table unprintable (
  character  text primary key                -- one that a column for people is shown without
) strict, without rowid;

with recursive control (code) as (           -- C0, DEL and C1; a text ends at a NUL anyhow
  select 1 union all select code + 1 from control where code < 159
)
insert into unprintable select char(code) from control where code < 32 or code >= 127;

insert into unprintable                      -- marks that turn the direction, LINE and PARAGRAPH SEPARATOR
select char(value)
from json_each('[1564, 8206, 8207, 8232, 8233, 8234, 8235, 8236, 8237, 8238, 8294, 8295, 8296, 8297]');

drop view mail;

-- Each column that a sender chose is looked through first; only one with such a character is taken apart. The window stands
-- on `message` alone, so that SQLite reads and makes only the columns that a query asks for.
create view mail as
select
  account.local || '@' || domain.name as account,
  message.number as number,
  account.validity || '.' || message.uid as uidl,
  strftime('%Y-%m-%dT%H:%M:%SZ', message.received_at / 1000, 'unixepoch') as received,
  case
    when body.from_text glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), body.from_text
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else body.from_text
  end as "from",
  case
    when body.to_text glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), body.to_text
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else body.to_text
  end as "to",
  case
    when body.subject glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), body.subject
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else body.subject
  end as subject,
  message.octets as octets,
  (
    with recursive raw (text) as materialized (
      select case
        when body.text_state = 2 then body.text
        else (
          -- A shell would end it at a NUL.
          select cast(substr(data, 1, coalesce(nullif(instr(data, x'00'), 0) - 1, length(data))) as text)
          from (
            select substr(chunk.data, body.header_octets + 1) as data
            from chunk where chunk.body = body.id and chunk.seq = 0
          )
        )
      end
    ),
    left_out (character) as (                -- tabs and ends of lines stay
      select character from unprintable where character not in (char(9), char(10), char(13))
    ),
    clean (next, text) as (
      select (select min(character) from left_out), raw.text
      from raw
      -- Cheap questions first: JSON escapes C0, and C1 and the marks are not ASCII.
      where instr(json_quote(raw.text), '\u00')
         or instr(json_quote(raw.text), '\b')
         or instr(json_quote(raw.text), '\f')
         or instr(raw.text, char(127))
         or raw.text glob '*' || char(13) || '[^' || char(10) || ']*'
         or raw.text glob '*' || char(13)
         or (
           length(raw.text) < length(cast(raw.text as blob))
           and raw.text glob '*['
             || char(128, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
         )
      union all
      select (select min(character) from left_out where character > next), replace(text, next, '')
      from clean where next is not null
    )
    select coalesce(
      (
        -- A CR alone goes too, which would write over its line: char(1) keeps the places of the others.
        select replace(replace(replace(text, char(13, 10), char(1)), char(13), ''), char(1), char(13, 10))
        from clean where next is null
      ),
      (select text from raw)
    )
  ) as text,
  case
    when body.date_text glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), body.date_text
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else body.date_text
  end as date,
  case
    when body.message_id glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), body.message_id
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else body.message_id
  end as message_id,
  case
    when message.reverse_path glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), message.reverse_path
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else message.reverse_path
  end as reverse_path,
  case
    when message.recipient glob '*['
      || char(1, 45, 31, 127, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
    then (
      with recursive clean (next, text) as (
        select (select min(character) from unprintable), message.recipient
        union all
        select (select min(character) from unprintable where character > next),
               replace(text, next, iif(next between char(9) and char(13), ' ', ''))
        from clean where next is not null
      )
      select text from clean where next is null
    )
    else message.recipient
  end as recipient,
  message.id as id
from (select *, row_number() over (partition by account order by uid) as number from message) as message
join account on account.id = message.account
join domain  on domain.id = account.domain
join body    on body.id = message.body;
