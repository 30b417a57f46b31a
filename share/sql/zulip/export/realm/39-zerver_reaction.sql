-- -> rows of zerver_reaction, for realm.json
select
  t.id, t.user_profile_id as user_profile, t.emoji_name, t.reaction_type, t.emoji_code, t.message_id as message
from zerver_reaction as t
where t.message_id in (select id from messages)
order by t.id
