-- waits until no other seed-testdata is at it; the lock ends with the transaction
select where pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('timetracker testdata')) is null
