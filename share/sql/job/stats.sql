-- {} -> for each type and status the number of jobs, how many of them are due, and since how many seconds the first of these is
select job.{job_type} as job_type
  , job.{status} as status
  , pg_catalog.count(*) as jobs
  , pg_catalog.count(*) filter (where job.{status}::text = {pending} and job.{run_after} <= pg_catalog.now()) as due
  , coalesce(pg_catalog.round(extract(epoch from pg_catalog.max(pg_catalog.now() - job.{run_after})
      filter (where job.{status}::text = {pending} and job.{run_after} <= pg_catalog.now()))::numeric, 3), 0) as oldest_seconds
from {table} as job
group by job.{job_type}, job.{status}
order by job.{job_type}, job.{status}
