-- the documents that have changed since rc.since, or are of rc.dataset_id, with those that are deleted; both may be empty
select id, dataset_id, version, title, body, attributes, updated_at, deleted_at
from kfm.documents
where (pg_catalog.current_setting('rc.dataset_id') = '' or dataset_id = pg_catalog.current_setting('rc.dataset_id'))
  and (pg_catalog.current_setting('rc.since') = ''
    or greatest(updated_at, deleted_at) >= nullif(pg_catalog.current_setting('rc.since'), '')::timestamptz)
