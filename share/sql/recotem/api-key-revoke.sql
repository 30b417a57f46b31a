-- {"id"} -> the key is not active any more, and nothing changes where it was not before
update api_apikey set is_active = false, updated_at = pg_catalog.clock_timestamp()
where id = ($1->>'id')::bigint and is_active
