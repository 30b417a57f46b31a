-- a group conversation is known by a hash of the new numbers of those in it
with members as materialized (
  select s.element->>'recipient' as recipient, i.new as id
  from pg_temp.import_rows as s
  join pg_temp.import_ids as i on i.relation = 'zerver_userprofile' and i.old = (s.element->>'user_profile')::bigint
  where s.name = 'zerver_subscription' and s.element is not null
  group by s.element->>'recipient', i.new
), lists as materialized (
  select c.element->>'type_id' as huddle, pg_catalog.string_agg(m.id::text, ',' order by m.id) as list
  from pg_temp.import_rows as c join members as m on m.recipient = c.element->>'id'
  where c.name = 'zerver_recipient' and c.element->>'type' = '3'
  group by c.element->>'type_id'
)
update pg_temp.import_rows as r set element = r.element || pg_catalog.jsonb_build_object('huddle_hash', pg_temp.import_sha1(l.list))
from lists as l
where r.name = 'zerver_huddle' and r.element->>'id' = l.huddle
