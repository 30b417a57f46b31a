-- a thousand documents, at most, whose text rc.model has not read as it is now; rc.dataset_id and rc.since may be empty,
-- and one that has no embedding at all is older than rc.since for nothing
select d.id, d.dataset_id, d.text, d.digest
from (
  select id, dataset_id, updated_at, text, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(text, 'UTF8')), 'hex') as digest
  from (select id, dataset_id, updated_at, pg_catalog.concat(title, E'\n', body) as text from kfm.documents where deleted_at is null) as t
) as d
where not exists (select from kfm.embeddings e
    where e.document_id = d.id and e.digest = d.digest and e.model = pg_catalog.current_setting('rc.model') and e.dataset_id = d.dataset_id)
  and (pg_catalog.current_setting('rc.dataset_id') = '' or d.dataset_id = pg_catalog.current_setting('rc.dataset_id'))
  and (pg_catalog.current_setting('rc.since') = '' or d.updated_at >= nullif(pg_catalog.current_setting('rc.since'), '')::timestamptz
    or not exists (select from kfm.embeddings e where e.document_id = d.id))
order by d.id
limit 1000
