-- {"records":[...]} -> the sample's provenance are gone
delete from kfm.provenance as t
using pg_catalog.jsonb_to_recordset($1->'records') as s (kind text, id text, from_id text, relation text, to_id text)
where s.kind = 'dataset' and t.dataset_id = s.id
