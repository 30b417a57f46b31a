-- -> rows of zerver_alertword, for realm.json
select
  t.id, t.realm_id as realm, t.user_profile_id as user_profile, t.word
from zerver_alertword as t
where t.user_profile_id in (select id from private_users)
order by t.id
