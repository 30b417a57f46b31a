-- {"dataset_id","since"} -> relations of the dataset, or changed since then, are edges
insert into kfm.graph_edges as e (from_id, kind, to_id, dataset_id)
select from_id, kind, to_id, dataset_id from kfm.relations
where (not $1 ? 'dataset_id' or dataset_id = $1->>'dataset_id') and (not $1 ? 'since' or updated_at >= ($1->>'since')::timestamptz)
on conflict (from_id, kind, to_id) do update set dataset_id = excluded.dataset_id where e.dataset_id <> excluded.dataset_id
