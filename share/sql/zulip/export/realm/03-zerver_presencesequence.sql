-- -> rows of zerver_presencesequence, for realm.json
select
  t.id, t.realm_id as realm, t.last_update_id
from zerver_presencesequence as t
where t.realm_id = (select id from realm)
order by t.id
