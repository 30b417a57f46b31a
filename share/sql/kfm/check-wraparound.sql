-- {} -> how near the database is to the end of its transaction numbers, or of those of shared row locks
select case when used >= 75 then 'fail' when used >= 50 then 'warn' else 'ok' end as status, pg_catalog.format('%s %% used', used) as observed
from (select (pg_catalog.max(greatest(pg_catalog.age(datfrozenxid), pg_catalog.mxid_age(datminmxid)))::numeric * 100::numeric / 2147483648::numeric)::int as used from pg_catalog.pg_database) as u
