-- the new key, and what became of the old one by its row of now; a refusal where the database kept that as it was
with old as (
  select exists (select from api_apikey where id = ($1->>'id')::bigint and name::text = $1->>'old_name'
    and is_active = (($1->>'overlap')::numeric > 0::numeric)
    and expires_at is not distinct from ($1->>'old_expires_at')::timestamptz) as written
)
select ($1->>'new_id')::bigint as id, $1->>'name' as name, $1->>'key_prefix' as key_prefix,
  ($1->>'project_id')::bigint as project_id, $1->>'project_name' as project_name, $1->>'owner' as owner, $1->'scopes' as scopes,
  ($1->>'expires_at')::timestamptz as expires_at, case when written then 'rotated' else 'error' end as status,
  ($1->>'id')::bigint as old_id, $1->>'old_name' as old_name, $1->>'old_prefix' as old_prefix,
  ($1->>'old_expires_at')::timestamptz as old_expires_at,
  case when not written then pg_catalog.json_build_object('code', 'not_written',
    'message', pg_catalog.format('API key ''%s'' was not rotated: the database kept the row out.', $1->>'name')) end as error
from old
