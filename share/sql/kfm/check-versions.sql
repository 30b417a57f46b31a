-- {"known"} -> whether all versions of the tables that this toolkit knows are applied
select case when pg_catalog.count(*) = ($1->>'known')::int and pg_catalog.max(version) = pg_catalog.count(*) then 'ok' else 'fail' end as status,
  pg_catalog.format('%s of %s', pg_catalog.count(*), $1->>'known') as observed
from kfm.versions
