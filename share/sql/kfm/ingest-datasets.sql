-- {"records":[{"kind":"dataset","id","title","is_sample"}]} -> the datasets, made or changed; what is the same stays
-- The files ingest-*.sql, in the order datasets, documents, places, relations, provenance, are the one way into the tables of knowledge.
insert into kfm.datasets as t (id, title, is_sample, updated_at)
select id, title, coalesce(is_sample, false), pg_catalog.now()
from pg_catalog.jsonb_to_recordset($1->'records') as r (kind text, id text, title text, is_sample boolean)
where kind = 'dataset'
on conflict (id) do update set title = excluded.title, is_sample = excluded.is_sample, updated_at = excluded.updated_at
where (t.title, t.is_sample) is distinct from (excluded.title, excluded.is_sample)
