-- {"dataset_id"} -> documents that are deleted, or gone, are out of the search table
delete from kfm.search as s
where (not $1 ? 'dataset_id' or s.dataset_id = $1->>'dataset_id')
  and not exists (select from kfm.documents d where d.id = s.id and d.deleted_at is null)
