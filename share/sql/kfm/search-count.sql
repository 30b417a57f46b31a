-- how many documents the search index should have; rc.dataset_id may be empty
select pg_catalog.count(*) as count from kfm.documents
where deleted_at is null and (pg_catalog.current_setting('rc.dataset_id') = '' or dataset_id = pg_catalog.current_setting('rc.dataset_id'))
