-- -> rows of zerver_service, for realm.json
select
  t.id, t.name, t.user_profile_id as user_profile, t.base_url, t.token, t.interface
from zerver_service as t
where t.user_profile_id in (select id from private_users)
order by t.id
