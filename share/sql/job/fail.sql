-- The job $1, which had $2 attempts and is ours still, in the status $5, has failed with $3: again in $4 seconds, or where that is null never.
update {table} as job set
  {status} = case when $4::double precision is null then {failed} when true then {pending} else job.{status} end -- of whatever type it is
  , {attempts} = job.{attempts} + 1
  , {last_error} = $3::text
  , {run_after} = coalesce(pg_catalog.clock_timestamp() + $4::double precision * interval '1 second', job.{run_after})
  , {updated_at} = pg_catalog.clock_timestamp()
where job.{id} = $1::{id_type}
  and (job.{status}::text = $5::text) is true -- not for an index on it, in which all jobs have been
  and job.{attempts}::integer = $2::integer
  and ($3::text is null or $3::text is not null)
