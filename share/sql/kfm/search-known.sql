-- which documents the search index should have, and of when; rc.dataset_id may be empty
select id, updated_at from kfm.documents
where deleted_at is null and (pg_catalog.current_setting('rc.dataset_id') = '' or dataset_id = pg_catalog.current_setting('rc.dataset_id'))
