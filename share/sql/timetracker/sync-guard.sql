-- {"max_delete","rejected"} -> how many of each kind, or a refusal where too many of the active tasks would be deactivated
select added, updated, unchanged, deactivated, reactivated, active,
  case when deactivated * 100 > active * allowed then 'error' end as status,
  case when deactivated * 100 > active * allowed then pg_catalog.json_build_object('code', 'too_many_deactivated', 'message',
    pg_catalog.format('%s of %s active tasks would be deactivated, more than --max-delete %s%% allows. The plan was: %s added, '
      '%s updated, %s unchanged, %s deactivated, %s reactivated, %s rejected. Nothing was changed.',
      deactivated, active, allowed, added, updated, unchanged, deactivated, reactivated, $1->>'rejected')) end as error
from (
  select pg_catalog.count(*) filter (where status = 'added') as added,
    pg_catalog.count(*) filter (where status = 'updated') as updated,
    pg_catalog.count(*) filter (where status = 'deactivated') as deactivated,
    pg_catalog.count(*) filter (where status = 'reactivated') as reactivated,
    (select pg_catalog.count(*) from pg_temp.rc_task where problem is null) - pg_catalog.count(*) filter (where listed) as unchanged,
    (select pg_catalog.count(*) from task_cache where is_active) as active,
    ($1->>'max_delete')::bigint as allowed
  from pg_temp.rc_change
) as counted
