-- {"id","name","is_active","dry_run"} with is_active as it was before -> what became of the key by its row of now; a refusal where it can still be used
select case when usable then 'error' when not ($1->>'is_active')::bool then null
    when ($1->>'dry_run')::bool then 'would_revoke' else 'revoked' end as status,
  case when usable then pg_catalog.json_build_object('code', 'not_written',
    'message', pg_catalog.format('API key ''%s'' was not revoked: the database kept the row out.', $1->>'name')) end as error
from (select not exists (select from api_apikey where id = ($1->>'id')::bigint and not is_active) as usable) as now
