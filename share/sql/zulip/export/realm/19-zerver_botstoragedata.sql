-- -> rows of zerver_botstoragedata, for realm.json
select
  t.id, t.bot_profile_id as bot_profile, t.key, t.value
from zerver_botstoragedata as t
where t.bot_profile_id in (select id from private_users)
order by t.id
