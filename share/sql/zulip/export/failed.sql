-- {"export_id"} -> the row of an export that has begun says that it failed
update zerver_realmexport as e set status = 4, date_failed = pg_catalog.statement_timestamp()
from pg_catalog.jsonb_to_record($1) as r (export_id bigint)
where e.id = r.export_id and e.status = 2
returning e.id
