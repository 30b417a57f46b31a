-- -> rows of zerver_savedsnippet, for realm.json
select
  t.id, t.realm_id as realm, t.user_profile_id as user_profile, t.title, t.content,
  pg_catalog.regexp_replace(extract(epoch from t.date_created)::float8::text, '^-?[0-9]+$', '\&.0')::json as date_created
from zerver_savedsnippet as t
where t.user_profile_id in (select id from private_users)
order by t.id
