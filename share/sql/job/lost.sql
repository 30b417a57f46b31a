-- Claims whose worker holds its lock no longer: their jobs come back at once, with one attempt more, or with the
-- last of $2 have failed. $1 is our own lock, $3 the table; last_error
-- has room for $4 characters.
with lost as materialized (
  delete from rc.job_claim as claim
  where claim.job_table = $3::text
    and claim.lock <> $1::bigint
    and pg_catalog.pg_try_advisory_xact_lock(claim.lock)
  returning claim.moment
)
update {table} as job set
  {status} = case when job.{attempts}::integer + 1 < $2::integer then {pending} when true then {failed} else job.{status} end -- of whatever type it is
  , {attempts} = job.{attempts} + 1
  , {last_error} = pg_catalog.left('WorkerLost: the worker that had it is gone', $4::integer)
  , {updated_at} = pg_catalog.clock_timestamp()
where exists (select from lost)
  and $4::integer is not null
  and job.{status}::text = {running}::text
  and job.{updated_at} = any (array(select lost.moment from lost))
