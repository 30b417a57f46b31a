-- {"job_type","dedup_key","payload","after":SECONDS,"again":ANY or absent} -> the job that was added, or is due again; none where it is there
insert into {table} as job (
  {job_type}, {dedup_key}, {payload}, {status}, {attempts}, {run_after}
  , {created_at}
  , {updated_at}
)
select $1->>'job_type', $1->>'dedup_key', $1->'payload', {pending}, 0
  , pg_catalog.clock_timestamp() + ($1->>'after')::double precision * interval '1 second'
  , pg_catalog.clock_timestamp() /* {created_at} */
  , pg_catalog.clock_timestamp() /* {updated_at} */
on conflict ({dedup_key}) do update set
  {status} = {pending}, {attempts} = 0, {payload} = excluded.{payload}, {run_after} = excluded.{run_after}
  , {last_error} = null
  , {updated_at} = pg_catalog.clock_timestamp()
where $1->>'again' is not null and job.{status}::text in ({done}, {failed})
returning case when job.xmax::text = '0' then 'added' else 'again' end as added
