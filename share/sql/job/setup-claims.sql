-- Which worker has made which claim: the worker holds an advisory lock as long as it lives, and the jobs of a claim have
-- its moment in updated_at.
create table if not exists rc.job_claim (
  job_table text not null, -- with its schema
  moment timestamptz not null,
  lock bigint not null,
  primary key (job_table, moment, lock)
)
