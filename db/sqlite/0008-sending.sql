-- Which of the leased rows are being sent: only these can have ended the process that had leased them.
-- Applied once, in one transaction; never edited after a release.

alter table queued add column sending integer not null default 0; -- 1: the sender at it has begun to send it, or to report on it
