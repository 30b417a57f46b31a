-- the ids that come more than once
insert into pg_temp.rc_double
select external_id from pg_temp.rc_task where problem is null group by external_id having pg_catalog.count(*) > 1
