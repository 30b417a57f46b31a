-- {"id","dry_run"} -> the key is not active any more; no row where it was not before
update api_apikey set is_active = false, updated_at = clock_timestamp()
where id = ($1->>'id')::bigint and is_active
returning case when ($1->>'dry_run')::bool then 'would_revoke' else 'revoked' end as status
