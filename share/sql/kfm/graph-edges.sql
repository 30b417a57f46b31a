-- relations, which are the edges of the graph; rc.dataset_id may be empty
select from_id, kind, to_id, dataset_id from kfm.relations
where pg_catalog.current_setting('rc.dataset_id') = '' or dataset_id = pg_catalog.current_setting('rc.dataset_id')
