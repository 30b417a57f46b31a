-- a refusal where a task was not written by this transaction, which a trigger can bring about; OFFSET 0: each is looked up by the index
select 'error' as status, pg_catalog.json_build_object('code', 'not_written', 'message', pg_catalog.format(
  'Task ''%s'' was not written: the database kept it as it was. Nothing was changed.', c.external_id)) as error
from pg_temp.rc_change c
left join lateral (select xmin from task_cache where external_id::text = c.external_id offset 0) as t on true
where t.xmin::text is distinct from (pg_catalog.txid_current() % 4294967296)::text
order by c.external_id
limit 1
