-- {"dedup_key","again":ANY or absent} -> a refusal where the job is not there, or not due again as was asked: the database kept
-- the row out (a trigger, a rule, a policy)
select 'error' as status, pg_catalog.json_build_object('code', 'not_written',
  'message', pg_catalog.format('Job ''%s'' was not written: the database kept the row out.', $1->>'dedup_key')) as error
where not exists (select from {table} as job where job.{dedup_key}::text = $1->>'dedup_key')
  or ($1->>'again' is not null and exists (
    select from {table} as job
    where job.{dedup_key}::text = $1->>'dedup_key'
      and job.{status}::text in ({done}, {failed})
      and job.{updated_at} < pg_catalog.now() -- not one that a worker has done since
  ))
