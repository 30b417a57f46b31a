-- {"realm_id"?} -> which database this is, and whether that organization is there
select pg_catalog.concat_ws(' ', d.datname, d.oid, (select s.system_identifier from pg_catalog.pg_control_system() as s)) as database,
  exists (select from zerver_realm as z where z.id = ($1->>'realm_id')::int) as there
from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database()
