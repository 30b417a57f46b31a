-- the key that was made, found or changed
select coalesce($1->>'new_id', $1->>'id')::bigint as id, $1->>'name' as name, $1->>'key_prefix' as key_prefix,
  ($1->>'project_id')::bigint as project_id, $1->>'project_name' as project_name, $1->>'owner' as owner, $1->'scopes' as scopes,
  ($1->>'expires_at')::timestamptz as expires_at, coalesce($1->>'status', 'unchanged') as status
