-- -> rows of zerver_usertopic, for realm.json
select
  t.id, t.user_profile_id as user_profile, t.stream_id as stream, t.recipient_id as recipient, t.topic_name,
  pg_catalog.regexp_replace(extract(epoch from t.last_updated)::float8::text, '^-?[0-9]+$', '\&.0')::json as last_updated,
  t.visibility_policy
from zerver_usertopic as t
where t.user_profile_id in (select id from private_users)
order by t.id
