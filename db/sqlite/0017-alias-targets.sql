-- Names here are compared without case, as whoever has another domain need not. A domain that became local before releases knew that
-- left targets of aliases as they were written, which nobody answered to. Applied once, in one transaction; never edited after a release.

update or replace alias set target = lower(target)
where target <> lower(target)
  and exists (select 1 from domain where substr(alias.target, -length(domain.name) - 1) = '@' || domain.name);
