-- {"realm_id","type"} -> "export_id", of the row that tells of an export that has begun
insert into zerver_realmexport (realm_id, type, status, date_requested, date_started)
select r.realm_id, r.type, 2, pg_catalog.statement_timestamp(), pg_catalog.statement_timestamp() from pg_catalog.jsonb_to_record($1) as r (realm_id int, type int)
returning id as export_id
