-- {"realm_id"} -> the counter of who is there
insert into zerver_presencesequence (last_update_id, realm_id)
select 0, r.realm_id from pg_catalog.jsonb_to_record($1) as r (realm_id int) where r.realm_id is not null
