-- {"export_id","sha256","size","stats"} -> the row of the export says that it is done
update zerver_realmexport as e
set status = 3, date_succeeded = pg_catalog.statement_timestamp(), sha256sum_hex = r.sha256, tarball_size_bytes = r.size, stats = r.stats
from pg_catalog.jsonb_to_record($1) as r (export_id bigint, sha256 text, size bigint, stats jsonb)
where e.id = r.export_id
returning e.id as finished_id
