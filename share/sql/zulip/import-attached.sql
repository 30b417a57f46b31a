-- which uploads belong to which message, as their rows say
insert into pg_temp.import_attached (name, id, paths)
select lists.name, m.id, pg_catalog.jsonb_agg(p.element)
from pg_temp.import_rows as a
join pg_temp.import_rows as p on p.name = 'path' and p.element->>'old' = a.element->>'path_id'
cross join (values ('messages', 'zerver_message'), ('scheduled_messages', 'zerver_scheduledmessage')) as lists (key, name)
cross join lateral pg_catalog.jsonb_array_elements_text(a.element->lists.key) as m (id)
where a.name = 'zerver_attachment' and a.element is not null
group by lists.name, m.id
