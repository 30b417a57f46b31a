-- {"kind","realm_id"} -> what Zulip takes for a channel's first message is the last of these
update zerver_stream as s set first_message_id = last.id
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int)
cross join lateral (select m.recipient_id, pg_catalog.max(m.id) as id from zerver_message as m where m.realm_id = r.realm_id
  group by m.recipient_id) as last
where r.kind = 'organization' and s.realm_id = r.realm_id and s.recipient_id = last.recipient_id
