-- -> rows of zerver_realmdomain, for realm.json
select
  t.id, t.realm_id as realm, t.domain, t.allow_subdomains
from zerver_realmdomain as t
where t.realm_id = (select id from realm)
order by t.id
