-- {"tasks","made"} -> "made" with the tasks that this transaction has written; or a refusal where one is missing
select $1->'made' || coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('table_name', 'task_cache', 'row_id', t.id,
    'row_key', t.external_id, 'name', t.display_name) order by t.external_id) filter (where t.xmin::text = (pg_catalog.txid_current() % 4294967296)::text),
    '[]') as made,
  case when pg_catalog.count(t.id) < pg_catalog.count(*) then 'error' end as status,
  case when pg_catalog.count(t.id) < pg_catalog.count(*) then pg_catalog.json_build_object('code', 'not_written', 'message',
    pg_catalog.format('Task ''%s'' was not written: the database kept the row out.',
      pg_catalog.min(wanted.external_id) filter (where t.id is null))) end as error
from pg_catalog.jsonb_to_recordset($1->'tasks') as wanted (external_id text)
left join task_cache t on t.external_id::text = wanted.external_id
