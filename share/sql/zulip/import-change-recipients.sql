-- whom a recipient is: a user, a channel or a group conversation
update pg_temp.import_rows as r set element = r.element || pg_catalog.jsonb_build_object('type_id', i.new)
from pg_temp.import_ids as i
where r.name = 'zerver_recipient' and i.old = (r.element->>'type_id')::bigint
  and i.relation = case r.element->>'type' when '1' then 'zerver_userprofile' when '2' then 'zerver_stream' when '3' then 'zerver_huddle' end
