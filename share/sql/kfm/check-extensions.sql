-- {} -> whether the extensions that KFM uses are there
select case when pg_catalog.count(*) = 1 then 'ok' else 'warn' end as status,
  coalesce(pg_catalog.string_agg(pg_catalog.concat(extname, ' ', extversion), ', '), 'none') as observed
from pg_catalog.pg_extension where extname = 'pg_trgm'
