-- Jobs that have been running for more than $1 seconds, and are not among $2, come back with one attempt more.
update {table} as job set
  {status} = {pending}
  , {attempts} = job.{attempts} + 1
  , {last_error} = 'WorkerLost: it was running for too long, and came back'
  , {updated_at} = pg_catalog.clock_timestamp()
where job.ctid = any (array(
    select lost.ctid
    from {table} as lost
    where lost.{status}::text = {running}::text
      and lost.{updated_at} < pg_catalog.clock_timestamp() - $1::double precision * interval '1 second'
      and lost.{id} <> all ($2::{id_type}[])
    limit 1000
    for update skip locked))
