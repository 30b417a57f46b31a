-- The jobs $1, whose rows this transaction has locked, are running from the moment $2 on.
update {table} as job set
  {status} = {running}
  , {updated_at} = $2::pg_catalog.timestamptz
where job.{id} = any ($1::{id_type}[])
  and (job.{status}::text = {pending}::text) is true -- not for an index on it, in which all jobs have been
  and $2::pg_catalog.timestamptz is not null
returning true
  and job.{updated_at} = $2::pg_catalog.timestamptz
  as exact
