-- -> rows of zerver_usergroupmembership, for realm.json
select
  t.id, t.user_group_id as user_group, t.user_profile_id as user_profile
from zerver_usergroupmembership as t
where t.user_group_id in (select g.id from zerver_usergroup as g where g.realm_id = (select id from realm))
order by t.id
