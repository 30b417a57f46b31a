-- A claim of the moment $1 is made by the worker that holds the advisory lock $2.
insert into rc.job_claim (job_table, moment, lock)
values ({table_name}, $1::pg_catalog.timestamptz, $2::bigint)
