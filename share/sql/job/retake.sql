-- The jobs $1, which were held by a session that is lost and had the attempts $3, are running from the moment $2 on, where no
-- one else has them.
update {table} as job set
  {status} = {running}
  , {updated_at} = $2::pg_catalog.timestamptz
where job.ctid = any (array(
    select lost.ctid
    from {table} as lost
    join unnest($1::{id_type}[], $3::integer[]) as ours (id, attempts) on ours.id = lost.{id}
    where (lost.{status}::text = {pending}::text) is true
      and lost.{attempts}::integer = ours.attempts
    for update of lost skip locked))
  and $2::pg_catalog.timestamptz is not null
returning true
  and job.{updated_at} = $2::pg_catalog.timestamptz
  as exact
