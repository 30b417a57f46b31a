-- the tables of nodes and edges, built beside the old ones and swapped in by rename, both at once
do $$
begin
  create table kfm.graph_nodes_new as
  select id, 'document' as kind, title as label, dataset_id from kfm.documents where deleted_at is null
  union all
  select id, 'place', name, dataset_id from kfm.places where deleted_at is null;
  create table kfm.graph_edges_new as select from_id, kind, to_id, dataset_id from kfm.relations;
  alter table kfm.graph_nodes_new add primary key (id);
  alter table kfm.graph_edges_new add primary key (from_id, kind, to_id);
  create index on kfm.graph_nodes_new (dataset_id);
  create index on kfm.graph_edges_new (to_id);
  create index on kfm.graph_edges_new (dataset_id);
  analyze kfm.graph_nodes_new, kfm.graph_edges_new;
  if pg_catalog.to_regclass('kfm.graph_nodes') is not null then
    lock table kfm.graph_nodes, kfm.graph_edges in access exclusive mode;
    drop table kfm.graph_nodes, kfm.graph_edges;
  end if;
  alter table kfm.graph_nodes_new rename to graph_nodes;
  alter table kfm.graph_edges_new rename to graph_edges;
  alter index kfm.graph_nodes_new_pkey rename to graph_nodes_pkey;
  alter index kfm.graph_edges_new_pkey rename to graph_edges_pkey;
end
$$;
