-- {"realm_id"} -> eight groups, which groups-name.sql makes the system's
insert into zerver_usergroup (realm_id)
select r.realm_id from pg_catalog.jsonb_to_record($1) as r (realm_id int), pg_catalog.generate_series(1, 8)
where r.realm_id is not null
