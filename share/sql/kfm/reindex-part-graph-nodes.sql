-- {"dataset_id","since"} -> documents and places of the dataset, or changed since then, or not there yet, are nodes
insert into kfm.graph_nodes as n (id, kind, label, dataset_id)
select id, kind, label, dataset_id
from (
  select id, 'document' as kind, title as label, dataset_id, updated_at from kfm.documents where deleted_at is null
  union all
  select id, 'place', name, dataset_id, updated_at from kfm.places where deleted_at is null
) as source
where (not $1 ? 'dataset_id' or dataset_id = $1->>'dataset_id') and (not $1 ? 'since' or updated_at >= ($1->>'since')::timestamptz
  or not exists (select from kfm.graph_nodes as there where there.id = source.id))
on conflict (id) do update set kind = excluded.kind, label = excluded.label, dataset_id = excluded.dataset_id
where (n.kind, n.label, n.dataset_id) is distinct from (excluded.kind, excluded.label, excluded.dataset_id)
