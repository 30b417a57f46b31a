-- {"target"} -> the owner and the rights of the tables that are about to be replaced, for reindex-give.sql; a refusal where one has
-- row level security, which the table in its place would not have
with old as (
  select c.oid, c.relname, c.relowner, c.relacl, c.relrowsecurity
  from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname::text = 'kfm' and c.relname::text = any (case $1->>'target' when 'search' then array['search']
    when 'graph' then array['graph_nodes', 'graph_edges'] when 'catalog' then array['catalog_datasets', 'catalog_facets'] end)
), rights as (
  select o.relname, o.relowner, null::name as attname, a.grantee, a.privilege_type, a.is_grantable
  from old as o, pg_catalog.aclexplode(o.relacl) as a
  union all
  select o.relname, o.relowner, t.attname, a.grantee, a.privilege_type, a.is_grantable
  from old as o join pg_catalog.pg_attribute as t on t.attrelid = o.oid, pg_catalog.aclexplode(t.attacl) as a
), kept as (
  select pg_catalog.jsonb_build_object(
    'owners', (select pg_catalog.jsonb_object_agg(o.relname, pg_catalog.pg_get_userbyid(o.relowner)) from old as o),
    'rights', (select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('on', r.relname, 'column', r.attname,
      'to', case r.grantee when 0::oid then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r.grantee)) end,
      'right', r.privilege_type, 'more', r.is_grantable)) from rights as r where r.grantee <> r.relowner)) as as_json,
    (select pg_catalog.min(o.relname::text) from old as o where o.relrowsecurity) as hidden
)
select pg_catalog.set_config('rc.kept', k.as_json::text, true) as kept, case when k.hidden is not null then 'error' end as status,
  case when k.hidden is not null then pg_catalog.json_build_object('code', 'row_security', 'message',
    pg_catalog.format('kfm.%s has row level security, which the table that takes its place would not have.', k.hidden)) end as error
from kept as k
