-- -> rows of zerver_realmemoji, for realm.json
select
  t.id, t.author_id as author, t.realm_id as realm, t.name, t.file_name, t.is_animated, t.deactivated
from zerver_realmemoji as t
where t.realm_id = (select id from realm)
order by t.id
