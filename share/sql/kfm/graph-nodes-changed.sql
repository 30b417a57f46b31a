-- documents and places of rc.dataset_id, or changed since rc.since; both may be empty
select id, kind, label, dataset_id
from (
  select id, 'document' as kind, title as label, dataset_id, updated_at from kfm.documents where deleted_at is null
  union all
  select id, 'place', name, dataset_id, updated_at from kfm.places where deleted_at is null
) as n
where (pg_catalog.current_setting('rc.dataset_id') = '' or dataset_id = pg_catalog.current_setting('rc.dataset_id'))
  and (pg_catalog.current_setting('rc.since') = '' or updated_at >= nullif(pg_catalog.current_setting('rc.since'), '')::timestamptz)
