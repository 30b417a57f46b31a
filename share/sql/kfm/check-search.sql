-- {} -> whether the search table has all documents
select case when indexed = there then 'ok' else 'fail' end as status, pg_catalog.format('%s of %s', indexed, there) as observed
from (select (select pg_catalog.count(*) from kfm.search) as indexed, (select pg_catalog.count(*) from kfm.documents where deleted_at is null) as there) as c
