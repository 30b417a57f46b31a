-- A claim of the moment $1 may have been made, but its answer was lost: those of its jobs that are not among $2 go back.
update {table} as job set
  {status} = {pending}
where job.{status}::text = {running}::text
  and job.{updated_at} = $1::pg_catalog.timestamptz
  and job.{id} <> all ($2::{id_type}[])
