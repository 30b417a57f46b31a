-- -> rows of zerver_usermessage, for messages-N.json
select
  t.id, t.user_profile_id as user_profile, t.message_id as message, t.flags as flags_mask
from zerver_usermessage as t
where t.message_id in (select id from messages)
  and t.user_profile_id in (select id from people where not is_mirror_dummy)
  and ((select type from realm) <> 2 or t.user_profile_id in (select id from consenting))
order by t.id
