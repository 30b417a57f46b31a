-- The jobs $1, which had $2 attempts and are ours still, go back as if they had not been claimed.
update {table} as job set
  {status} = {pending}
  , {updated_at} = pg_catalog.clock_timestamp()
where job.{id} = any ($1::{id_type}[])
  and (job.{status}::text = {running}::text) is true -- not for an index on it, in which all jobs have been
  and job.{attempts}::integer = $2::integer
