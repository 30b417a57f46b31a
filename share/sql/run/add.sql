-- A line of the history -> the run, where the table did not have it.
insert into rc.run as run (run_id, name, host, status, started, ended, exit, record)
select ($1->>'run_id')::uuid, $1->>'name', $1->>'host', $1->>'status', ($1->>'start')::timestamptz, ($1->>'end')::timestamptz
  , ($1->>'exit')::integer, $1
on conflict (run_id) do nothing
returning run.name
