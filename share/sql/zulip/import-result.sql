-- {"subdomain","rows"} -> what was imported
select 'imported' as status, $1->>'subdomain' as realm, i.new as realm_id,
  (select pg_catalog.count(*) from pg_temp.import_rows as u where u.name = 'zerver_userprofile' and u.element is not null) as users,
  (select pg_catalog.count(*) from pg_temp.import_rows as m where m.name = 'zerver_message' and m.element is not null) as messages,
  (select pg_catalog.count(*) from pg_temp.import_rows as f where f.name = 'file') as files,
  ($1->>'rows')::bigint as rows
from pg_temp.import_ids as i
where i.relation = 'zerver_realm'
