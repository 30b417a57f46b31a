-- Of the table: its name with the schema, whether it has rows in partitions or other tables, so that a place is not one of its
-- rows alone, and how many characters last_error takes.
select pg_catalog.format('%I.%I', space.nspname, rel.relname) as name
  , rel.relkind::text <> 'r' or exists (select from pg_catalog.pg_inherits as part where part.inhparent = rel.oid) as spread
  , (select col.atttypmod - 4 from pg_catalog.pg_attribute as col where col.attrelid = rel.oid and col.attname = {last_error_name} and col.atttypid::pg_catalog.regtype::text like 'character%') as room
from pg_catalog.pg_class as rel
join pg_catalog.pg_namespace as space on space.oid = rel.relnamespace
where rel.oid = pg_catalog.to_regclass({table_path})::pg_catalog.oid
