-- -> rows of zerver_defaultstream, for realm.json
select
  t.id, t.realm_id as realm, t.stream_id as stream
from zerver_defaultstream as t
where t.realm_id = (select id from realm)
order by t.id
