-- {"realm_id","export_id"} -> the record of the export that the organization keeps
insert into zerver_realmauditlog (event_time, backfilled, extra_data, event_type, realm_id)
select pg_catalog.statement_timestamp(), false, pg_catalog.jsonb_build_object('realm_export_id', r.export_id), 206, r.realm_id
from pg_catalog.jsonb_to_record($1) as r (realm_id int, export_id bigint)
returning id as audit_id
