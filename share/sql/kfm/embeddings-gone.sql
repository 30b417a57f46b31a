-- {"dataset_id"} -> documents that are deleted, or gone, have no embedding any more
delete from kfm.embeddings as e
where (not $1 ? 'dataset_id' or e.dataset_id = $1->>'dataset_id')
  and not exists (select from kfm.documents d where d.id = e.document_id and d.deleted_at is null)
