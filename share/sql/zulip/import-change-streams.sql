-- a channel's first message is one of its own, and it is active where one is of the last 180 days
with messages as materialized (
  select m.element->>'recipient' as recipient, pg_catalog.min((m.element->>'id')::bigint) as first, pg_catalog.max((m.element->>'date_sent')::float8) as last
  from pg_temp.import_rows as m where m.name = 'zerver_message' and m.element is not null
  group by m.element->>'recipient'
), streams as materialized (
  select c.element->>'type_id' as id, m.last,
    (select i.new from pg_temp.import_ids as i where i.relation = 'zerver_message' and i.old = m.first) as first
  from pg_temp.import_rows as c join messages as m on m.recipient = c.element->>'id'
  where c.name = 'zerver_recipient' and c.element->>'type' = '2'
), changed as (
  select r.element->>'id' as id, s.first, (z.element->>'deactivated')::bool or
    coalesce(s.last > extract(epoch from pg_catalog.statement_timestamp() - interval '180 days')::float8, false) as active
  from pg_temp.import_rows as r
  join pg_temp.import_rows as z on z.name = 'zerver_realm' and z.element is not null
  left join streams as s on s.id = r.element->>'id'
  where r.name = 'zerver_stream' and r.element is not null
)
update pg_temp.import_rows as r set element = r.element || pg_catalog.jsonb_build_object('first_message_id', c.first,
  'is_recently_active', c.active and (r.element->>'is_recently_active')::bool)
from changed as c
where r.name = 'zerver_stream' and r.element->>'id' = c.id
