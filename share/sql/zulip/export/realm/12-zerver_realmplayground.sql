-- -> rows of zerver_realmplayground, for realm.json
select
  t.id, t.realm_id as realm, t.url_template, t.name, t.pygments_language
from zerver_realmplayground as t
where t.realm_id = (select id from realm)
order by t.id
