-- -> rows of zerver_useractivity, for realm.json
select
  t.id, t.user_profile_id as user_profile, t.client_id as client, t.query, t.count,
  pg_catalog.regexp_replace(extract(epoch from t.last_visit)::float8::text, '^-?[0-9]+$', '\&.0')::json as last_visit
from zerver_useractivity as t
where t.user_profile_id in (select id from private_users)
order by t.id
