-- {"target"} -> how many rows the index of graph has
select $1->>'target' as target, pg_catalog.count(*) as rows, 'indexed' as status from kfm.graph_edges
