-- {"target"} -> waits until no import and no other reindex of the target is at it; the locks end with the transaction
select where pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtext('kfm knowledge')) is null
  or pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('kfm reindex ' || ($1->>'target'))) is null
