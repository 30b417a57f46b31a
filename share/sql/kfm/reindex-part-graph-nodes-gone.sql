-- {"dataset_id"} -> documents and places that are deleted, or gone, are no nodes any more
delete from kfm.graph_nodes as n
where (not $1 ? 'dataset_id' or n.dataset_id = $1->>'dataset_id')
  and not exists (select from kfm.documents d where d.id = n.id and d.deleted_at is null)
  and not exists (select from kfm.places p where p.id = n.id and p.deleted_at is null)
