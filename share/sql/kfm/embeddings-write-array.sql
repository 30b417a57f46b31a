-- [{"id","dataset_id","digest","model","embedding"},...] -> they are in kfm.embeddings, whose embedding is an array
insert into kfm.embeddings as e (document_id, dataset_id, model, digest, embedding)
select r.id, r.dataset_id, r.model, r.digest, pg_catalog.translate(r.embedding::text, '[]', '{}')::real[]
from pg_catalog.jsonb_to_recordset($1) as r (id text, dataset_id text, model text, digest text, embedding jsonb)
on conflict (document_id) do update set dataset_id = excluded.dataset_id, model = excluded.model, digest = excluded.digest,
  embedding = excluded.embedding, updated_at = pg_catalog.now()
