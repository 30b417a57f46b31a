-- -> the bots of the internal organization that write to others, for realm.json
select
  t.email, t.id, t.recipient_id
from bots as t
order by t.id
