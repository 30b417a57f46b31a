-- [{"id"},...] -> these documents, as they go into the search index
select d.id, dataset_id, version, title, body, attributes, updated_at
from pg_catalog.jsonb_to_recordset($1) as r (id text) join kfm.documents d on d.id = r.id
where deleted_at is null
