-- {"dataset_id","since"} -> relations of the dataset, or changed since then, or not there yet, are edges
insert into kfm.graph_edges as e (from_id, kind, to_id, dataset_id)
select from_id, kind, to_id, dataset_id from kfm.relations
where (not $1 ? 'dataset_id' or dataset_id = $1->>'dataset_id') and (not $1 ? 'since' or updated_at >= ($1->>'since')::timestamptz
  or not exists (select from kfm.graph_edges as there
    where there.from_id = relations.from_id and there.kind = relations.kind and there.to_id = relations.to_id))
on conflict (from_id, kind, to_id) do update set dataset_id = excluded.dataset_id where e.dataset_id <> excluded.dataset_id
