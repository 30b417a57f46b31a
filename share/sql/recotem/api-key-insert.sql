-- {"project_id","owner_id","name","new_prefix","hashed_key","scopes","expires_at","ins_datetime"} -> the new key, if its name
-- is free; ins_datetime was read by the statement before, for with Django the two times are never equal
insert into api_apikey (project_id, owner_id, name, key_prefix, hashed_key, scopes, is_active, expires_at, last_used_at,
  ins_datetime, updated_at)
select ($1->>'project_id')::bigint, ($1->>'owner_id')::int, $1->>'name', $1->>'new_prefix', $1->>'hashed_key', $1->'scopes',
  true, ($1->>'expires_at')::timestamptz, null, ($1->>'ins_datetime')::timestamptz, pg_catalog.clock_timestamp()
on conflict (project_id, name) do nothing
returning id as new_id, key_prefix, expires_at, 'created' as status
