-- {"older":INTERVAL,"failed":ANY or absent} -> the jobs that were deleted: those that are done, or have failed where that is asked
delete from {table} as job
where (job.{status}::text = {done} or ($1->>'failed' is not null and job.{status}::text = {failed}))
  and job.{updated_at} < pg_catalog.clock_timestamp() - ($1->>'older')::interval
returning job.{id} as id
