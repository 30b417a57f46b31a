-- -> rows of zerver_huddle, for realm.json
select
  t.id, t.huddle_hash, t.recipient_id as recipient, t.group_size
from zerver_huddle as t
where t.id in (select id from huddles)
order by t.id
