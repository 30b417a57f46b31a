-- documents and places of rc.dataset_id, or since rc.since, that were deleted; both may be empty
select id
from (
  select id, dataset_id, deleted_at from kfm.documents where deleted_at is not null
  union all
  select id, dataset_id, deleted_at from kfm.places where deleted_at is not null
) as n
where (pg_catalog.current_setting('rc.dataset_id') = '' or dataset_id = pg_catalog.current_setting('rc.dataset_id'))
  and (pg_catalog.current_setting('rc.since') = '' or deleted_at >= nullif(pg_catalog.current_setting('rc.since'), '')::timestamptz)
