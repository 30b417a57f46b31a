-- {"count"} -> whether the graph server has all relations
select case when ($1->>'count')::bigint = there then 'ok' else 'fail' end as status,
  pg_catalog.format('%s of %s', $1->>'count', there) as observed
from (select pg_catalog.count(*) as there from kfm.relations) as d
