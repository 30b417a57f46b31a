-- waits until no other of rc's commands makes organizations or users; the lock ends with the transaction
select where pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('zulip accounts')) is null
