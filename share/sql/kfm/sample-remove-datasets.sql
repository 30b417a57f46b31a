-- {"records":[...]} -> the sample's datasets are gone
delete from kfm.datasets as t
using pg_catalog.jsonb_to_recordset($1->'records') as s (kind text, id text, from_id text, relation text, to_id text)
where s.kind = 'dataset' and t.id = s.id and t.is_sample
