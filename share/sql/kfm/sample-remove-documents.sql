-- {"records":[...]} -> the sample's documents are gone
delete from kfm.documents as t
using pg_catalog.jsonb_to_recordset($1->'records') as s (kind text, id text, from_id text, relation text, to_id text)
where s.kind = 'document' and t.id = s.id
