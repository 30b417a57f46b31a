-- {"records","written","source"} -> a line of provenance for each row that was written
insert into kfm.provenance (entity_id, dataset_id, activity, source, digest)
select w.id, w.dataset_id, 'import', $1->>'source',
  pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to($1->'records'->>(w.n - 1), 'UTF8')), 'hex')
from pg_catalog.jsonb_to_recordset($1->'written') as w (id text, dataset_id text, n int)
on conflict (entity_id, activity, digest) do nothing
