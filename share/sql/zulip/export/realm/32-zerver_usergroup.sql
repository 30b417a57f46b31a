-- -> rows of zerver_usergroup, for realm.json
select
  t.id, t.realm_id as realm
from zerver_usergroup as t
where t.realm_id = (select id from realm)
order by t.id
