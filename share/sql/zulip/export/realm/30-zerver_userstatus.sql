-- -> rows of zerver_userstatus, for realm.json
select
  t.id, t.reaction_type, t.user_profile_id as user_profile,
  pg_catalog.regexp_replace(extract(epoch from t.timestamp)::float8::text, '^-?[0-9]+$', '\&.0')::json as timestamp,
  t.client_id as client, t.emoji_name, t.emoji_code, t.status_text
from zerver_userstatus as t
where t.user_profile_id in (select id from private_users)
order by t.id
