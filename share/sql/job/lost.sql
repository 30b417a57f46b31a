-- Claims whose worker holds its lock no longer: their jobs come back at once, with one attempt more. $1 is our own lock.
with lost as materialized (
  delete from rc.job_claim as claim
  where claim.job_table = {table_name}
    and claim.lock <> $1::bigint
    and pg_catalog.pg_try_advisory_xact_lock(claim.lock)
  returning claim.moment
)
update {table} as job set
  {status} = {pending}
  , {attempts} = job.{attempts} + 1
  , {last_error} = 'WorkerLost: the worker that had it is gone'
  , {updated_at} = pg_catalog.clock_timestamp()
where exists (select from lost)
  and job.{status}::text = {running}::text
  and job.{updated_at} = any (array(select lost.moment from lost))
