-- {"records","there"} -> how many rows of each kind were taken away; a refusal where one is still there
select t.kind, t.removed, null as status, null::json as error
from pg_catalog.jsonb_to_recordset($1->'there') as t (kind text, removed bigint)
where not exists (select from kfm.datasets where id in (select id from pg_catalog.jsonb_to_recordset($1->'records') as r (kind text, id text) where r.kind = 'dataset'))
union all
select null, null, 'error', pg_catalog.json_build_object('code', 'not_removed', 'message', 'The sample was not removed: the database kept it.')
where exists (select from kfm.datasets where id in (select id from pg_catalog.jsonb_to_recordset($1->'records') as r (kind text, id text) where r.kind = 'dataset'))
