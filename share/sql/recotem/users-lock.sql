-- waits until no other of rc's commands makes users; the lock ends with the transaction
select where pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('recotem auth_user')) is null
