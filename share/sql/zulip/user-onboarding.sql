-- {"user_id"} -> what a new user need not be told
insert into zerver_onboardingstep (onboarding_step, "timestamp", user_id)
select 'visibility_policy_banner', pg_catalog.clock_timestamp(), r.user_id
from pg_catalog.jsonb_to_record($1) as r (user_id int)
where r.user_id is not null
