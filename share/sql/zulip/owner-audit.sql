-- {"kind","realm_id","user_id"} -> who made the organization: its owner
update zerver_realmauditlog as a set acting_user_id = r.user_id
from pg_catalog.jsonb_to_record($1) as r (kind text, realm_id int, user_id int)
where r.kind = 'organization' and a.realm_id = r.realm_id and a.event_type = 215::int2
