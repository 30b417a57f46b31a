-- {"id","job_type"}, each text or absent -> a refusal where there is no job of that id
select 'error' as status, pg_catalog.json_build_object('code', 'not_found', 'message', pg_catalog.format('There is no job %s%s.', $1->>'id',
  coalesce(' of the type ' operator(pg_catalog.||) ($1->>'job_type'), ''))) as error
where $1->>'id' is not null
  and not exists (
    select from {table} as job
    where job.{id}::text = $1->>'id'
      and coalesce(job.{job_type}::text = $1->>'job_type', true))
