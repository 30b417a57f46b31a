-- {"records":[{"kind":"relation","from_id","relation","to_id","dataset_id"}]} -> the relations
insert into kfm.relations as t (from_id, kind, to_id, dataset_id)
select from_id, relation, to_id, dataset_id
from pg_catalog.jsonb_to_recordset($1->'records') as r (kind text, from_id text, relation text, to_id text, dataset_id text)
where kind = 'relation'
on conflict (from_id, kind, to_id) do update set dataset_id = excluded.dataset_id, updated_at = pg_catalog.now()
where t.dataset_id <> excluded.dataset_id
