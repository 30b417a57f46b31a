-- programs are known by their names; those that are not here yet are made, in the order of the export
insert into zerver_client (name)
select c.element->>'name' from pg_temp.import_rows as c
where c.name = 'zerver_client' and c.element is not null
  and not exists (select from zerver_client as here where here.name::text = c.element->>'name')
order by (c.element->>'id')::bigint
