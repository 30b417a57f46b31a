-- {"entries","days","employee_id"} -> a time entry for each task and each of the last days, where there is none
-- Today is Warsaw's date, as TimeTracker has it; hours are half hours, rounded up.
insert into time_entry (work_date, duration_minutes_raw, created_at, updated_at, employee_id, task_id, hours_decimal)
select today - ago, minutes::int, pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp(), ($1->>'employee_id')::bigint, t.id,
  pg_catalog.ceil(minutes / 30.0) / 2.0
from (select pg_catalog.timezone('Europe/Warsaw', pg_catalog.now())::date as today) as clock
cross join pg_catalog.generate_series(0, ($1->>'days')::int - 1) as ago
cross join pg_catalog.jsonb_to_recordset($1->'entries') as entry (task text, minutes numeric)
join task_cache t on t.external_id::text = task
order by ago, task
on conflict (employee_id, work_date, task_id) do nothing
