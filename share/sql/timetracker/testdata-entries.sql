-- {"entries","days","employee_id","made"} -> "made" with the entries that this transaction has written; or a refusal where one is missing
select $1->'made' || coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('table_name', 'time_entry', 'row_id', e.id,
    'row_key', e.created_at::text, 'name', pg_catalog.concat(e.work_date, ' ', task)) order by ago, task)
    filter (where e.xmin::text = (pg_catalog.txid_current() % 4294967296)::text), '[]') as made,
  case when pg_catalog.count(e.id) < pg_catalog.count(*) then 'error' end as status,
  case when pg_catalog.count(e.id) < pg_catalog.count(*) then pg_catalog.json_build_object('code', 'not_written', 'message',
    'A time entry was not written: the database kept the row out.') end as error
from (select pg_catalog.timezone('Europe/Warsaw', pg_catalog.now())::date as today) as clock
cross join pg_catalog.generate_series(0, ($1->>'days')::int - 1) as ago
cross join pg_catalog.jsonb_to_recordset($1->'entries') as entry (task text)
left join task_cache t on t.external_id::text = task
left join time_entry e on e.employee_id = ($1->>'employee_id')::bigint and e.task_id = t.id and e.work_date = today - ago
