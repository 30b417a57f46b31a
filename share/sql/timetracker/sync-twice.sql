-- tasks that come twice, with different values, are a problem
update pg_temp.rc_task t set problem = 'comes twice, with different values'
from (
  select external_id from pg_temp.rc_task
  where external_id in (select external_id from pg_temp.rc_double)
  group by external_id
  having pg_catalog.count(distinct pg_catalog.to_jsonb(rc_task.*)) > 1
) as twice
where t.external_id = twice.external_id and t.problem is null and exists (select from pg_temp.rc_double)
