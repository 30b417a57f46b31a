-- waits until no other import or removal is at it; the lock ends with the transaction
select where pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('kfm knowledge')) is null
