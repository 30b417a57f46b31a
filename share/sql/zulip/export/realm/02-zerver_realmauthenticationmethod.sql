-- -> rows of zerver_realmauthenticationmethod, for realm.json
select
  t.id, t.realm_id as realm, t.name
from zerver_realmauthenticationmethod as t
where t.realm_id = (select id from realm)
order by t.id
