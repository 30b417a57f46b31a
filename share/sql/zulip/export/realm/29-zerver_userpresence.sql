-- -> rows of zerver_userpresence, for realm.json
select
  t.id, t.user_profile_id as user_profile, t.realm_id as realm, t.last_update_id,
  pg_catalog.regexp_replace(extract(epoch from t.last_connected_time)::float8::text, '^-?[0-9]+$', '\&.0')::json as last_connected_time,
  pg_catalog.regexp_replace(extract(epoch from t.last_active_time)::float8::text, '^-?[0-9]+$', '\&.0')::json as last_active_time
from zerver_userpresence as t
where t.user_profile_id in (select id from users)
order by t.id
