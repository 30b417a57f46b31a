-- -> a refusal where the export is not of one organization
select 'error' as status, pg_catalog.json_build_object('code', 'export', 'message',
  pg_catalog.concat('the export has ', pg_catalog.count(*), ' organizations, not one')) as error
from pg_temp.import_rows where name = 'zerver_realm' and element is not null having pg_catalog.count(*) <> 1
