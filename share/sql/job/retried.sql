-- {"id","job_type"}, each text or absent -> a refusal where jobs that fit have failed still: the database kept the change out
select 'error' as status, pg_catalog.json_build_object('code', 'not_written',
  'message', pg_catalog.format('%s failed job(s) were not made due again: the database kept the change out.', pg_catalog.count(*))) as error
from {table} as job
where job.{status}::text = {failed}
  and coalesce(job.{id}::text = $1->>'id', true)
  and coalesce(job.{job_type}::text = $1->>'job_type', true)
  and job.{updated_at} < pg_catalog.now() -- not one that has failed since
having pg_catalog.count(*) > 0
