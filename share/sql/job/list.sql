-- {"status","job_type","limit"}, each text or absent -> jobs, the latest first
select job.{id} as id
  , job.{job_type} as job_type
  , job.{dedup_key} as dedup_key
  , job.{status} as status
  , job.{attempts} as attempts
  , job.{run_after} as run_after
  , pg_catalog.split_part(job.{last_error}, E'\n', 1) as last_error
from {table} as job
where coalesce(pg_catalog.lower(job.{status}::text) = pg_catalog.lower($1->>'status'), true)
  and coalesce(job.{job_type}::text = $1->>'job_type', true)
order by job.{id} desc
limit ($1->>'limit')::bigint
