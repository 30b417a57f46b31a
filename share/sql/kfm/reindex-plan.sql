-- {"target","dataset_id","since"} -> how many rows are to be looked at, or a refusal where there is no such dataset
select $1->>'target' as target, r.n as rows, case when wrong then 'error' else 'would_index' end as status,
  case when wrong then pg_catalog.json_build_object('code', 'dataset', 'message',
    pg_catalog.format('There is no dataset ''%s''.', $1->>'dataset_id')) end as error
from (select $1 ? 'dataset_id' and not exists (select from kfm.datasets where id = $1->>'dataset_id') as wrong) as w,
  lateral (select case $1->>'target'
    when 'search' then (select pg_catalog.count(*) from kfm.documents where (not $1 ? 'dataset_id' or dataset_id = $1->>'dataset_id')
      and (not $1 ? 'since' or greatest(updated_at, deleted_at) >= ($1->>'since')::timestamptz) and ($1 ? 'since' or deleted_at is null))
    when 'graph' then (select pg_catalog.count(*) from kfm.relations where (not $1 ? 'dataset_id' or dataset_id = $1->>'dataset_id')
      and (not $1 ? 'since' or updated_at >= ($1->>'since')::timestamptz))
    when 'catalog' then (select pg_catalog.count(*) from kfm.datasets where not $1 ? 'dataset_id' or id = $1->>'dataset_id')
    when 'embeddings' then (select pg_catalog.count(*) from kfm.documents where deleted_at is null and (not $1 ? 'dataset_id' or dataset_id = $1->>'dataset_id')
      and (not $1 ? 'since' or updated_at >= ($1->>'since')::timestamptz))
    end as n) as r
where coalesce(($1->>'since')::timestamptz, pg_catalog.now()) is not null -- each target says when that is no time
