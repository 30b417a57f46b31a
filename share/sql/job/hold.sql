-- Holds the jobs that are due, the earliest first, by row locks until the transaction ends.
-- $1 how many at most, $2 types to leave out, $3 where in run_after to begin
select job.ctid::text as place
  , job.{id} as id
  , job.{job_type}::text as job_type
  , job.{dedup_key}::text as dedup_key
  , job.{payload}::text as payload
  , job.{attempts}::text as attempts
  , job.{run_after} as run_after
from {table} as job
where job.{status}::text = {pending}::text
  and job.{run_after} <= pg_catalog.now()
  and job.{run_after} >= $3::pg_catalog.timestamptz
  and job.{job_type}::text <> all ($2::text[])
order by job.{run_after}
limit $1::bigint
for update skip locked
