-- Where the tokens of a relay login may go, and nowhere else. Applied once, in one transaction; never edited after a release.

alter table relay_login add column hosts text not null default '[]';   -- of relays: names or addresses, in JSON

update relay_login set hosts = case provider
  when 'microsoft' then '["smtp.office365.com","smtp-mail.outlook.com"]'
  when 'google' then '["smtp.gmail.com","smtp-relay.gmail.com"]'
  else hosts end;
