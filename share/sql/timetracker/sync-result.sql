-- a record for each task that was changed or rejected, with its values before and after, and the counts as the last one;
-- OFFSET 0: each is looked up by the index
select external_id, status, before, after, problem, counts, pg_catalog.now() as at, $1->>'run_id' as run_id from (
  select 1 as part, c.external_id, c.status, c.before, pg_catalog.to_jsonb(t.*) - array['id', 'synced_at'] as after, null as problem, null::jsonb as counts
  from pg_temp.rc_change c
  cross join lateral (select * from task_cache where external_id::text = c.external_id offset 0) as t
  union all
  select 2, external_id, 'rejected', null, null, problem, null from pg_temp.rc_task where problem is not null
  union all
  select 3, null, 'total', null, null, null, (select pg_catalog.jsonb_object_agg(key, value) from pg_catalog.jsonb_each($1)
    where key in ('mode', 'added', 'updated', 'unchanged', 'deactivated', 'reactivated', 'rejected'))
) as rows
order by part, external_id
