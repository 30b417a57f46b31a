-- tasks that come twice and are the same count once
delete from pg_temp.rc_task where ctid = any (array(
  select place from (
    select ctid as place, pg_catalog.row_number() over (partition by external_id) as nth from pg_temp.rc_task
    where problem is null and external_id in (select external_id from pg_temp.rc_double)
  ) as numbered where nth > 1)) and exists (select from pg_temp.rc_double)
