-- -> whether there is a table of marks
select pg_catalog.to_regclass('rc.task_sync') is not null as known
