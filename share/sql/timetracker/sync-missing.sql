-- {"mode"} -> the active tasks that a full listing does not have; none where a task without an id was rejected, for it may be any
insert into pg_temp.rc_change (external_id, status, listed, before)
select t.external_id, 'deactivated', false, pg_catalog.to_jsonb(t.*) - array['id', 'synced_at']
from task_cache t left join pg_temp.rc_task s on s.external_id = t.external_id::text
where t.is_active and s.is_active is null and $1->>'mode' = 'full'
  and not exists (select from pg_temp.rc_task where external_id is null or external_id = '')
