-- {"count"} -> whether the search server has all documents
select case when ($1->>'count')::bigint = there then 'ok' else 'fail' end as status,
  pg_catalog.format('%s of %s', $1->>'count', there) as observed
from (select pg_catalog.count(*) as there from kfm.documents where deleted_at is null) as d
