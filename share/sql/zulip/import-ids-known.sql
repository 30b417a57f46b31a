-- the numbers that are known: those made beforehand, programs by name, the system's bots and whom messages to them go to by address
insert into pg_temp.import_ids (relation, old, new)
select r.element->>'relation', (r.element->>'old')::bigint, (r.element->>'new')::bigint
from pg_temp.import_rows as r where r.name = 'reserved'
union all
select 'zerver_client', (c.element->>'id')::bigint, pg_catalog.min(here.id)
from pg_temp.import_rows as c join zerver_client as here on here.name::text = c.element->>'name'
where c.name = 'zerver_client' group by c.element
union all
select leads.relation, leads.old, leads.new
from pg_temp.import_rows as c
join zerver_realm as z on z.string_id::text = 'zulipinternal'
join zerver_userprofile as u on u.realm_id = z.id and pg_catalog.lower(u.delivery_email::text) = pg_catalog.lower(c.element->>'email')
cross join lateral (values ('zerver_userprofile', (c.element->>'id')::bigint, u.id::bigint),
  ('zerver_recipient', (c.element->>'recipient_id')::bigint, u.recipient_id::bigint)) as leads (relation, old, new)
where c.name = 'zerver_userprofile_crossrealm' and c.element is not null and leads.old is not null
