-- {"records":[...]} -> the sample's relations are gone
delete from kfm.relations as t
using pg_catalog.jsonb_to_recordset($1->'records') as s (kind text, id text, from_id text, relation text, to_id text)
where s.kind = 'relation' and (t.from_id, t.kind, t.to_id) = (s.from_id, s.relation, s.to_id)
