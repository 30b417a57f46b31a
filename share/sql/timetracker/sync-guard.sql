-- {"max_delete","listed","rejected"} -> how many of each kind, or a refusal where too many of the active tasks would be deactivated
select added, updated, unchanged, deactivated, reactivated,
  case when deactivated * 100 > active * allowed then 'error' end as status,
  case when deactivated * 100 > active * allowed then pg_catalog.json_build_object('code', 'too_many_deactivated', 'message',
    pg_catalog.format('%s of %s active tasks would be deactivated, more than --max-delete %s%% allows. The plan was: %s added, '
      '%s updated, %s unchanged, %s deactivated, %s reactivated, %s rejected. Nothing was changed.',
      deactivated, active, allowed, added, updated, unchanged, deactivated, reactivated, $1->>'rejected')) end as error
from (
  select added, updated, deactivated, reactivated, ($1->>'listed')::bigint - ($1->>'rejected')::bigint - listed as unchanged,
    case when deactivated > 0 then (select pg_catalog.count(*) from task_cache where is_active) else 0 end as active,
    ($1->>'max_delete')::bigint as allowed
  from (
    select pg_catalog.count(*) filter (where status = 'added') as added,
      pg_catalog.count(*) filter (where status = 'updated') as updated,
      pg_catalog.count(*) filter (where status = 'deactivated') as deactivated,
      pg_catalog.count(*) filter (where status = 'reactivated') as reactivated,
      pg_catalog.count(*) filter (where listed) as listed
    from pg_temp.rc_change
  ) as changes
) as counted
