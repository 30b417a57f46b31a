-- the numbers of all other rows, from each table's own sequence, in the order of the old ones
insert into pg_temp.import_ids (relation, old, new)
select r.name, r.old, pg_catalog.nextval(r.sequence)
from (
  select r.name, (r.element->>'id')::bigint as old, c.sequence
  from pg_temp.import_rows as r
  join (select c.name, c.place, pg_catalog.pg_get_serial_sequence(c.relation::text, 'id')::regclass as sequence
    from pg_temp.import_columns as c where c."column" = 'id') as c on c.name = r.name
  where r.element is not null and r.name not in ('zerver_realm', 'zerver_userprofile')
  order by c.place, (r.element->>'id')::bigint
  offset 0
) as r
