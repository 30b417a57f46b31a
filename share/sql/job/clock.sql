-- {"catch_up":DURATION} -> {"after","until"}: the time by the database's clock, and that of so long ago
select pg_catalog.to_char(pg_catalog.clock_timestamp() operator(pg_catalog.-) ($1->>'catch_up')::interval, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as after,
  pg_catalog.to_char(pg_catalog.clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as until
