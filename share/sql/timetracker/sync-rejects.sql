-- {"max_rejects"} -> "rejected", or a refusal where more were rejected than may be
select rejected, case when rejected > allowed then 'error' end as status,
  case when rejected > allowed then pg_catalog.json_build_object('code', 'too_many_rejects', 'message', pg_catalog.format(
    '%s of %s tasks can''t be taken, but --max-rejects is %s: %s. Nothing was changed.', rejected, listed, allowed, first)) end as error
from (
  select pg_catalog.count(problem) as rejected, pg_catalog.count(*) as listed, ($1->>'max_rejects')::bigint as allowed,
    (select pg_catalog.concat('''', pg_catalog.left(external_id, 40), ''' ', problem) from pg_temp.rc_task where problem is not null
      order by external_id, problem limit 1) as first
  from pg_temp.rc_task
) as counted
