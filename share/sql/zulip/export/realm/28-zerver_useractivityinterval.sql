-- -> rows of zerver_useractivityinterval, for realm.json
select
  t.id, t.user_profile_id as user_profile,
  pg_catalog.regexp_replace(extract(epoch from t.start)::float8::text, '^-?[0-9]+$', '\&.0')::json as start,
  pg_catalog.regexp_replace(extract(epoch from t."end")::float8::text, '^-?[0-9]+$', '\&.0')::json as "end"
from zerver_useractivityinterval as t
where t.user_profile_id in (select id from private_users)
order by t.id
