-- What a body was when it was acknowledged: `pennypost check` compares. Applied once, in one transaction; never edited after a release.

alter table body add column hash blob;       -- SHA-256 of its octets; null for one that came before, until `check --repair`
