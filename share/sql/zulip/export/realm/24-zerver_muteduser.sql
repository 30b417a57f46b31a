-- -> rows of zerver_muteduser, for realm.json
select
  t.id, t.user_profile_id as user_profile, t.muted_user_id as muted_user,
  pg_catalog.regexp_replace(extract(epoch from t.date_muted)::float8::text, '^-?[0-9]+$', '\&.0')::json as date_muted
from zerver_muteduser as t
where t.user_profile_id in (select id from private_users)
order by t.id
