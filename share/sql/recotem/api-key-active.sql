-- {"name","is_active","expires_at"} -> a refusal where the key can't be used any more
select case when usable then 'would_rotate' else 'error' end as status,
  case when not usable then pg_catalog.json_build_object('code', 'not_active', 'message',
    pg_catalog.format('API key ''%s'' is not active any more; make a new one.', $1->>'name')) end as error
from (select ($1->>'is_active')::bool and coalesce(($1->>'expires_at')::timestamptz > pg_catalog.clock_timestamp(), true) as usable) as key
