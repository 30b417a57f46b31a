-- {"user_id","recipient_id"} -> the user gets what is sent to it
insert into zerver_subscription (recipient_id, user_profile_id, active, is_user_active, is_muted, color, pin_to_top)
select r.recipient_id, r.user_id, true, true, false, '#c2c2c2', false
from pg_catalog.jsonb_to_record($1) as r (user_id int, recipient_id int)
where r.user_id is not null
