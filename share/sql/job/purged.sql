-- {"older":INTERVAL,"failed":ANY or absent} -> a refusal where jobs that were to be deleted are there still: the database kept
-- them. Those that only became old enough meanwhile do not count.
select 'error' as status, pg_catalog.json_build_object('code', 'not_deleted',
  'message', pg_catalog.format('%s job(s) were not deleted: the database kept them.', pg_catalog.count(*))) as error
from {table} as job
where (job.{status}::text = {done} or ($1->>'failed' is not null and job.{status}::text = {failed}))
  and job.{updated_at} < pg_catalog.now() - ($1->>'older')::interval
having pg_catalog.count(*) > 0
