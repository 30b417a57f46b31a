-- -> rows of zerver_recipient, for realm.json
select
  t.id, t.type_id, t.type
from zerver_recipient as t
where t.id in (select id from recipients)
order by t.id
