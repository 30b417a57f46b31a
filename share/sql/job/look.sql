-- Whether there is a job that is due, of no type among $1.
select exists (
  select from {table} as job
  where job.{status}::text = {pending}::text
    and job.{run_after} <= pg_catalog.now()
    and job.{job_type}::text <> all ($1::text[]))
