-- relations of rc.dataset_id, or changed since rc.since; both may be empty
select from_id, kind, to_id, dataset_id from kfm.relations
where (pg_catalog.current_setting('rc.dataset_id') = '' or dataset_id = pg_catalog.current_setting('rc.dataset_id'))
  and (pg_catalog.current_setting('rc.since') = '' or updated_at >= nullif(pg_catalog.current_setting('rc.since'), '')::timestamptz)
