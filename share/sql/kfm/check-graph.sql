-- {} -> whether the edge table has all relations
select case when indexed = there then 'ok' else 'fail' end as status, pg_catalog.format('%s of %s', indexed, there) as observed
from (select (select pg_catalog.count(*) from kfm.graph_edges) as indexed, (select pg_catalog.count(*) from kfm.relations) as there) as c
