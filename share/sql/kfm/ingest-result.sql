-- {"written":[...]} -> how many rows of each kind were written
select w.kind, pg_catalog.count(*) as written from pg_catalog.jsonb_to_recordset($1->'written') as w (kind text) group by w.kind order by w.kind
