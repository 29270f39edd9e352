-- What a sender wrote, without the characters that move a terminal's cursor, hide what follows or turn its direction: such
-- characters are left out where people look (the view mail, 0006). The octets of a message stay as they came. Applied once, in
-- one transaction; never edited after a release.

create table unprintable (
  character  text primary key,
  in_line    text not null,                  -- what stands for it in a text of one line
  in_lines   text not null                   -- and in one of many
) strict, without rowid;

with recursive control (code) as (           -- C0, DEL and C1; a text ends at a NUL anyhow
  select 1 union all select code + 1 from control where code < 159
)
insert into unprintable
select char(code), iif(code between 9 and 13, ' ', ''), iif(code in (9, 10, 13), char(code), '')
from control where code < 32 or code >= 127;

insert into unprintable                      -- marks that turn the direction, LINE and PARAGRAPH SEPARATOR
select char(value), '', ''
from json_each('[1564, 8206, 8207, 8232, 8233, 8234, 8235, 8236, 8237, 8238, 8294, 8295, 8296, 8297]');

-- A function, as far as SQL has them: json_each has its argument as a hidden column, and whoever says which `given` is wanted
-- gets the `text` for it. `given` is json_object('line', TEXT) for one line, json_object('lines', TEXT) for many. Not a public
-- interface. Each text is looked through first; only one with such a character is taken apart.
create view printable as
select
  source.json as given,
  coalesce(
    (
      with recursive clean (last, text) as (
        select '', source.value
        -- Cheap questions first: JSON escapes C0, and C1 and the marks are not ASCII.
        where instr(source.json, '\u00')
           or instr(source.json, '\b')
           or instr(source.json, '\f')
           or instr(source.json, char(127))
           or iif(
             source.key = 'line',
             instr(source.json, '\t') or instr(source.json, '\n') or instr(source.json, '\r'),
             source.value glob '*' || char(13) || '[^' || char(10) || ']*' or source.value glob '*' || char(13)
           )
           or (
             length(source.value) < length(cast(source.value as blob))
             and source.value glob '*['
               || char(128, 45, 159, 1564, 8206, 8207, 8232, 45, 8238, 8294, 45, 8297) || ']*'
           )
        union all
        select character, replace(text, character, iif(source.key = 'line', in_line, in_lines))
        from clean
        join unprintable on character = (select min(character) from unprintable where character > last)
      )
      -- A CR alone goes too, which would write over its line: char(1) keeps the places of the others.
      select replace(replace(replace(text, char(13, 10), char(1)), char(13), ''), char(1), char(13, 10))
      from clean where last = (select max(character) from unprintable)
    ),
    source.value
  ) as text
from json_each as source;
