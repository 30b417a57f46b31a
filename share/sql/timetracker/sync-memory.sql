-- room for joins of a hundred thousand tasks, in this transaction
select pg_catalog.set_config('work_mem', '64MB', true) as work_mem
where pg_catalog.pg_size_bytes(pg_catalog.current_setting('work_mem')) < pg_catalog.pg_size_bytes('64MB')
