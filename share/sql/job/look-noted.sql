-- The same, or a claim whose worker holds its lock no longer; $2 is our own lock, $3 the table.
select exists (
  select from {table} as job
  where job.{status}::text = {pending}::text
    and job.{run_after} <= pg_catalog.now()
    and job.{job_type}::text <> all ($1::text[]))
or exists (
  select from rc.job_claim as claim
  where claim.job_table = $3::text
    and claim.lock <> $2::bigint
    and pg_catalog.pg_try_advisory_xact_lock(claim.lock))
