-- {"project_id","owner","name","scopes","days","white_space"}, all text, days may be absent -> the key to make, or why it can't be
-- The order of the checks of the database, and their words, are Recotem's.
with asked as (
  select $1->>'project_id' as project, $1->>'owner' as owner, $1->>'name' as name, ($1->>'days')::numeric as days,
    pg_catalog.btrim($1->>'name', $1->>'white_space') = '' as no_name,
    array(select scope from pg_catalog.unnest(pg_catalog.string_to_array($1->>'scopes', ',')) with ordinality as part (text, n),
      pg_catalog.btrim(text, $1->>'white_space') as scope where scope <> '' group by scope order by pg_catalog.min(n)) as scopes,
    extract(epoch from timestamptz '9999-12-31 23:59:59.999999+00' - pg_catalog.clock_timestamp())::numeric / 86400::numeric as days_left
), found as (
  select asked.*, p.id as project_id, p.name as project_name, p.owner_id as project_owner_id,
    po.username as project_owner, u.id as owner_id,
    (select scope from pg_catalog.unnest(scopes) with ordinality as s (scope, n) where scope not in ('read', 'write', 'predict')
      order by n limit 1) as bad_scope
  from asked
  left join api_project p on p.id = case when project::numeric between 1::numeric and 9223372036854775807::numeric then project::bigint end
  left join auth_user po on po.id = p.owner_id
  left join auth_user u on u.username::text = owner
), checked as (
  select *, case
    when no_name then pg_catalog.json_build_object('code', 'no_name', 'message', 'A name is required.')
    when pg_catalog.char_length(name) > 256 then pg_catalog.json_build_object('code', 'name_too_long',
      'message', pg_catalog.format('The name has %s characters, but 256 are the most.', pg_catalog.char_length(name)))
    when days < 1::numeric then pg_catalog.json_build_object('code', 'expiry', 'message', 'A key expires after one day at the earliest.')
    when days > days_left then pg_catalog.json_build_object('code', 'expiry', 'message', 'A key can''t expire after the year 9999.')
    when project_id is null then pg_catalog.json_build_object('code', 'no_project',
      'message', pg_catalog.format('Project with ID %s not found.', project))
    when owner_id is null then pg_catalog.json_build_object('code', 'no_owner', 'message', pg_catalog.format('User ''%s'' not found.', owner))
    when bad_scope is not null then pg_catalog.json_build_object('code', 'bad_scope',
      'message', pg_catalog.format('Invalid scope ''%s''. Valid scopes: [''read'', ''write'', ''predict'']', bad_scope))
    when pg_catalog.cardinality(scopes) = 0 then pg_catalog.json_build_object('code', 'no_scope', 'message', 'At least one scope is required.')
    when project_owner_id <> owner_id then pg_catalog.json_build_object('code', 'other_owner', 'message', pg_catalog.format(
      'Owner ''%s'' does not match project owner ''%s''. API key owner must match the project owner for '
      'management API access to work correctly.', owner, project_owner))
    when exists (select from api_apikey k where k.project_id = found.project_id and k.name::text = found.name)
      then pg_catalog.json_build_object('code', 'name_taken',
        'message', pg_catalog.format('API key with name ''%s'' already exists for this project.', name))
  end as error
  from found
)
select project_id, project_name, owner_id, owner, name, pg_catalog.to_jsonb(scopes) as scopes,
  case when error is null then pg_catalog.clock_timestamp() + interval '24 hours' * days::double precision end as expires_at,
  pg_catalog.clock_timestamp() as ins_datetime, case when error is null then 'would_create' else 'error' end as status, error
from checked
