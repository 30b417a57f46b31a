-- {"announcement_id","announcement_recipient_id"} -> that message is unread by all who get the channel
insert into zerver_usermessage (user_profile_id, message_id, flags)
select s.user_profile_id, r.announcement_id, 0
from pg_catalog.jsonb_to_record($1) as r (announcement_id int, announcement_recipient_id int)
join zerver_subscription as s on s.recipient_id = r.announcement_recipient_id and s.active and s.is_user_active
join zerver_userprofile as u on u.id = s.user_profile_id and not u.long_term_idle
order by s.user_profile_id
