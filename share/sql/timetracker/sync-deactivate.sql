-- the tasks that the listing no longer has
update task_cache t set is_active = false, synced_at = pg_catalog.clock_timestamp()
from pg_temp.rc_change c
where not c.listed and t.id = c.id
