-- {"known"} -> whether all versions of the tables that this toolkit knows are applied
select case when count(*) = ($1->>'known')::int and max(version) = count(*) then 'ok' else 'fail' end as status,
  pg_catalog.format('%s of %s', count(*), $1->>'known') as observed
from kfm.versions
