-- {"realm_id","type"} -> "export_id", of the row that tells of an export that has begun
insert into zerver_realmexport (realm_id, type, status, date_requested, date_started)
select r.realm_id, r.type, 2, statement_timestamp(), statement_timestamp() from jsonb_to_record($1) as r (realm_id int, type int)
returning id as export_id
