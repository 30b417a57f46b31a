-- {"max_rejects"} -> "listed", "rejected" and "last", the latest change that the source tells of; or a refusal where more were rejected than may be
select listed, rejected, last, case when rejected > ($1->>'max_rejects')::bigint then 'error' end as status,
  case when rejected > ($1->>'max_rejects')::bigint then pg_catalog.json_build_object('code', 'too_many_rejects', 'message', pg_catalog.format(
    '%s of %s tasks can''t be taken, but --max-rejects is %s: %s. Nothing was changed.', rejected, listed, $1->>'max_rejects',
    (select pg_catalog.concat('''', pg_catalog.left(external_id, 40), ''' ', problem) from pg_temp.rc_task where problem is not null
      order by external_id, problem limit 1))) end as error
from (
  select pg_catalog.count(problem) as rejected, pg_catalog.count(*) as listed, pg_catalog.max(updated_at collate "C") as last
  from pg_temp.rc_task
) as counted
