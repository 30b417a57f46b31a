-- {"kind","realm_id"} -> what is new is told in the channel general; what was new before (15 is the last of it) is not
update zerver_realm as z set new_stream_announcements_stream_id = s.id, zulip_update_announcements_stream_id = s.id,
  zulip_update_announcements_level = 15
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int), zerver_stream as s
where r.kind = 'organization' and z.id = r.realm_id and s.realm_id = r.realm_id and s.name::text = 'general'
