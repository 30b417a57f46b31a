-- which scheduled messages an upload is in
insert into zerver_attachment_scheduled_messages (attachment_id, scheduledmessage_id)
select a.new, i.new
from pg_temp.import_rows as r
join pg_temp.import_ids as a on a.relation = 'zerver_attachment' and a.old = (r.element->>'id')::bigint
cross join lateral pg_catalog.jsonb_array_elements_text(r.element->'scheduled_messages') as m (id)
join pg_temp.import_ids as i on i.relation = 'zerver_scheduledmessage' and i.old = m.id::bigint
where r.name = 'zerver_attachment' and r.element is not null
order by a.new, i.new
