-- {"kind","realm_id"} -> and gets what is sent to it
insert into zerver_subscription (recipient_id, user_profile_id, active, is_user_active, is_muted, color, pin_to_top)
select u.recipient_id, u.id, true, true, false, '#c2c2c2', false
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int), zerver_userprofile as u
where r.kind = 'internal' and u.realm_id = r.realm_id
order by u.id
