-- {"key_prefix","project_id","name"}, each text or absent -> the one key that fits all that is given, locked; or why not
-- {"planned":{"id","name"}}, too, where it must still be the one that was found before
with fitting as (
  select k.id, k.name, k.key_prefix, k.project_id, p.name as project_name, k.owner_id, u.username as owner, k.scopes,
    k.is_active, k.expires_at, k.expires_at - k.ins_datetime as lifetime
  from api_apikey k join api_project p on p.id = k.project_id join auth_user u on u.id = k.owner_id
  where coalesce(k.key_prefix::text = $1->>'key_prefix', true)
    and coalesce(k.project_id::numeric = ($1->>'project_id')::numeric, true)
    and coalesce(k.name::text = $1->>'name', true)
    and coalesce((k.id, k.name::text) = (($1->'planned'->>'id')::bigint, $1->'planned'->>'name'), true)
  for update of k
), counted as (
  select pg_catalog.count(*) as n, (select pg_catalog.string_agg(pg_catalog.format('''%s'' of project %s', name, project_id), ', ' order by id)
    from (select * from fitting order by id limit 5) as first) as names from fitting
)
select f.*, case when n <> 1 then 'error' end as status, case
  when n = 0 and $1->'planned' is not null then pg_catalog.json_build_object('code', 'changed', 'message',
    'The API key was changed by another session.')
  when n = 0 then pg_catalog.json_build_object('code', 'no_key', 'message', 'API key not found.')
  when n > 1 then pg_catalog.json_build_object('code', 'several_keys', 'message',
    pg_catalog.format('More than one API key fits: %s%s. Give --project-id and --name.', names, case when n > 5 then ', ...' end))
end as error
from counted left join fitting f on n = 1
