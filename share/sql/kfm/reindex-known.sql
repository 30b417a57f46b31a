-- {"target"} -> a refusal where there is no index of the target yet that a part could be brought up to date in
select 'error' as status, pg_catalog.json_build_object('code', 'no_index', 'message',
  pg_catalog.format('There is no index of %s yet: run it without --since and --dataset-id first.', $1->>'target')) as error
where pg_catalog.to_regclass(case $1->>'target' when 'search' then 'kfm.search' when 'graph' then 'kfm.graph_edges' else 'kfm.catalog_datasets' end) is null
