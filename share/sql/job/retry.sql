-- {"id","job_type"}, each text or absent -> the failed jobs that fit, which are due again with no attempt counted
update {table} as job set
  {status} = {pending}
  , {attempts} = 0
  , {run_after} = pg_catalog.clock_timestamp()
  , {updated_at} = pg_catalog.clock_timestamp()
where job.{status}::text = {failed}
  and coalesce(job.{id}::text = $1->>'id', true)
  and coalesce(job.{job_type}::text = $1->>'job_type', true)
returning job.{id} as id, job.{job_type} as job_type, 'again' as status
