-- {"name","project_id","new_id","hashed_key"} -> a refusal where the new key is not there as it was made: another session took the
-- name meanwhile, or the database kept the row out or changed it (a trigger, a rule, a policy)
select 'error' as status, case
  when $1->>'new_id' is null and exists (select from api_apikey
      where project_id = ($1->>'project_id')::bigint and name::text = $1->>'name')
    then pg_catalog.json_build_object('code', 'name_taken',
      'message', pg_catalog.format('API key with name ''%s'' already exists for this project.', $1->>'name'))
  else pg_catalog.json_build_object('code', 'not_written',
    'message', pg_catalog.format('API key ''%s'' was not written: the database kept the row out.', $1->>'name'))
end as error
where not exists (select from api_apikey where id = ($1->>'new_id')::bigint and name::text = $1->>'name'
  and hashed_key::text = $1->>'hashed_key' and project_id = ($1->>'project_id')::bigint and is_active)
