-- the new key, and what became of the old one
select ($1->>'new_id')::bigint as id, $1->>'name' as name, $1->>'key_prefix' as key_prefix,
  ($1->>'project_id')::bigint as project_id, $1->>'project_name' as project_name, $1->>'owner' as owner, $1->'scopes' as scopes,
  ($1->>'expires_at')::timestamptz as expires_at, 'rotated' as status, ($1->>'id')::bigint as old_id,
  $1->>'old_name' as old_name, $1->>'old_prefix' as old_prefix, ($1->>'old_expires_at')::timestamptz as old_expires_at
