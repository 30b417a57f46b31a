-- -> how many rows each table has: what a backup's must be, too
select n.nspname as schema, c.relname as name, r.rows
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (select (pg_catalog.xpath('/row/rows/text()', pg_catalog.query_to_xml(
  pg_catalog.format('select pg_catalog.count(*) as rows from only %I.%I', n.nspname, c.relname), false, true, '')))[1]::text::bigint as rows) as r
where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')
  and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')
order by n.nspname collate "C", c.relname collate "C"
