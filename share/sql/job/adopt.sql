-- Jobs that have been running for more than $1 seconds, and are not among $2, come back with one attempt more, or with
-- the last of $3 have failed. last_error has room for $4 characters.
update {table} as job set
  {status} = case when job.{attempts}::integer + 1 < $3::integer then {pending} when true then {failed} else job.{status} end -- of whatever type it is
  , {attempts} = job.{attempts} + 1
  , {last_error} = pg_catalog.left('WorkerLost: it was running for too long, and came back', $4::integer)
  , {updated_at} = pg_catalog.clock_timestamp()
where $4::integer is not null
  and job.ctid = any (array(
    select lost.ctid
    from {table} as lost
    where lost.{status}::text = {running}::text
      and lost.{updated_at} < pg_catalog.clock_timestamp() - $1::double precision * interval '1 second'
      and lost.{id} <> all ($2::{id_type}[])
    limit 1000
    for update skip locked))
