-- the documents of the search index
select id, dataset_id, version, title, body, attributes, updated_at from kfm.documents where deleted_at is null
