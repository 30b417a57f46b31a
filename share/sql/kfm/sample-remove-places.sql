-- {"records":[...]} -> the sample's places are gone
delete from kfm.places as t
using pg_catalog.jsonb_to_recordset($1->'records') as s (kind text, id text, from_id text, relation text, to_id text)
where s.kind = 'place' and t.id = s.id
