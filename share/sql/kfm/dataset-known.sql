-- {"dataset_id"} -> a refusal where there is no such dataset
select 'error' as status, pg_catalog.json_build_object('code', 'dataset', 'message', pg_catalog.format('There is no dataset ''%s''.', $1->>'dataset_id')) as error
where not exists (select from kfm.datasets where id = $1->>'dataset_id')
