-- A claim of the moment $1 is made by the worker that holds the advisory lock $2, in the table $3.
insert into rc.job_claim (job_table, moment, lock)
values ($3::text, $1::pg_catalog.timestamptz, $2::bigint)
