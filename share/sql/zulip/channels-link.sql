-- {"kind","realm_id"}
update zerver_stream as s set recipient_id = t.id
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int), zerver_recipient as t
where r.kind = 'organization' and s.realm_id = r.realm_id and t.type = 2::int2 and t.type_id = s.id
