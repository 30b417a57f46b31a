-- {"id","name","overlap","old_name","old_expires_at"} -> a refusal where the row of the old key is not as it was written
select 'error' as status, pg_catalog.json_build_object('code', 'not_written',
  'message', pg_catalog.format('API key ''%s'' was not rotated: the database kept the row out.', $1->>'name')) as error
where not exists (select from api_apikey where id = ($1->>'id')::bigint and name::text = $1->>'old_name'
  and is_active = (($1->>'overlap')::numeric > 0::numeric)
  and expires_at is not distinct from ($1->>'old_expires_at')::timestamptz)
