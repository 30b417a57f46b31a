-- -> rows of zerver_onboardingusermessage, for realm.json
select
  t.id, t.realm_id as realm, t.message_id as message, t.flags as flags_mask
from zerver_onboardingusermessage as t
where t.realm_id = (select id from realm)
order by t.id
