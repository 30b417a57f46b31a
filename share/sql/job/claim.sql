-- Takes the jobs that are due, the earliest first, and marks them as running.
-- $1 how many at most, $2 types to leave out, $3 where in run_after to begin, $4 the moment of this claim, which no other has
-- `due` is how many were found; where none of them could be marked, the one row has no id.
with picked as materialized (
  select job.ctid
  from {table} as job
  where job.{status}::text = {pending}::text
    and job.{run_after} <= pg_catalog.now()
    and job.{run_after} >= $3::pg_catalog.timestamptz
    and job.{job_type}::text <> all ($2::text[])
  order by job.{run_after}
  limit $1::bigint
  for update skip locked
), taken as (
  update {table} as job set
    {status} = {running}
    , {updated_at} = $4::pg_catalog.timestamptz
  where job.ctid = any (array(select picked.ctid from picked))
    and $4::pg_catalog.timestamptz is not null
  returning job.{id} as id
    , job.{job_type}::text as job_type
    , job.{dedup_key}::text as dedup_key
    , job.{payload}::text as payload
    , job.{attempts}::text as attempts
    , job.{run_after} as run_after
    , job.{updated_at} = $4::pg_catalog.timestamptz as exact
)
select taken.*, found.due
from (select pg_catalog.count(*) as due from picked) as found
left join taken on true
where found.due > 0
order by taken.run_after, taken.id
