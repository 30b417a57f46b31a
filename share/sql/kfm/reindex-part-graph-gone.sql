-- {"dataset_id"} -> relations that are gone are no edges any more
delete from kfm.graph_edges as e
where (not $1 ? 'dataset_id' or e.dataset_id = $1->>'dataset_id')
  and not exists (select from kfm.relations r where (r.from_id, r.kind, r.to_id) = (e.from_id, e.kind, e.to_id))
