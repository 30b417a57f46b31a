-- -> rows of analytics_usercount, for analytics.json
select
  t.id, t.property, t.subgroup,
  pg_catalog.regexp_replace(extract(epoch from t.end_time)::float8::text, '^-?[0-9]+$', '\&.0')::json as end_time, t.value,
  t.user_id as "user", t.realm_id as realm
from analytics_usercount as t
where t.realm_id = (select id from realm)
order by t.id
