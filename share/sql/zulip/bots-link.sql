-- {"kind","realm_id"} -> a system bot belongs to itself
update zerver_userprofile as u set bot_owner_id = u.id, recipient_id = t.id
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int), zerver_recipient as t
where r.kind = 'internal' and u.realm_id = r.realm_id and t.type = 1::int2 and t.type_id = u.id
