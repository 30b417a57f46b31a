-- -> rows of zerver_client, for realm.json
select
  t.id, t.name
from zerver_client as t
where t.id in (select m.sending_client_id from messages as m
    union select s.sending_client_id from scheduled as s
    union select a.client_id from zerver_useractivity as a where a.user_profile_id in (select id from private_users)
    union select s.client_id from zerver_userstatus as s where s.user_profile_id in (select id from private_users))
order by t.id
