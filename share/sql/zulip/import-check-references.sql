-- -> a refusal that names a row which leads to one that is not in the export
with leads as (
  select r.name, r.element->>'id' as id, c.key, r.element->c.key as value, c.leads_to
  from pg_temp.import_columns as c join pg_temp.import_rows as r on r.name = c.name
  where c.leads_to is not null and c.key <> 'id' and pg_catalog.jsonb_typeof(r.element->c.key) <> 'null'
  union all
  select r.name, r.element->>'id', 'type_id', r.element->'type_id',
    case r.element->>'type' when '1' then 'zerver_userprofile' when '2' then 'zerver_stream' when '3' then 'zerver_huddle' else 'type' end
  from pg_temp.import_rows as r where r.name = 'zerver_recipient' and r.element is not null
  union all
  select r.name, r.element->>'id', lists.key, m.value, lists.leads_to
  from pg_temp.import_rows as r
  cross join (values ('messages', 'zerver_message'), ('scheduled_messages', 'zerver_scheduledmessage')) as lists (key, leads_to)
  cross join lateral pg_catalog.jsonb_array_elements(r.element->lists.key) as m (value)
  where r.name = 'zerver_attachment' and r.element is not null
)
select 'error' as status, pg_catalog.json_build_object('code', 'export', 'message', pg_catalog.concat(
  'the row ', id, ' of ', name, ' leads to a row that is not in the export: ', key, ' ', value, ' of ', leads_to)) as error
from leads
where case when pg_catalog.jsonb_typeof(value) <> 'number' then true
  else not exists (select from pg_temp.import_ids as i where i.relation = leads_to and i.old = value::bigint) end
limit 1
