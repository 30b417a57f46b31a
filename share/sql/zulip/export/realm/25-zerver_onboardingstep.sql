-- -> rows of zerver_onboardingstep, for realm.json
select
  t.id, t.user_id as "user", t.onboarding_step,
  pg_catalog.regexp_replace(extract(epoch from t.timestamp)::float8::text, '^-?[0-9]+$', '\&.0')::json as timestamp
from zerver_onboardingstep as t
where t.user_id in (select id from private_users)
order by t.id
