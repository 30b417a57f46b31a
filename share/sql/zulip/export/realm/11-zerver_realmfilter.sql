-- -> rows of zerver_realmfilter, for realm.json
select
  t.id, t.realm_id as realm, t.pattern, t.url_template, t."order"
from zerver_realmfilter as t
where t.realm_id = (select id from realm)
order by t.id
