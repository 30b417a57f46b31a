-- The jobs at the places $1, whose rows this transaction has locked, are done.
update {table} as job set
  {status} = {done}
  , {updated_at} = pg_catalog.clock_timestamp()
where job.ctid = any ($1::pg_catalog.tid[])
