-- Which of an account's passwords a session logged in with: a new password ends the sessions of the old one, while a hash
-- that is made anew from the same password ends none. Applied once, in one transaction; never edited after a release.

alter table account add column password_version integer not null default 0;   -- how often the password was set anew
