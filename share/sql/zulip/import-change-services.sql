-- outgoing bots get new tokens
update pg_temp.import_rows set element = element || pg_catalog.jsonb_build_object('token', pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', ''))
where name = 'zerver_service' and element is not null
