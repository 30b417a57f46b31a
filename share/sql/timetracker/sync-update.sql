-- the listed tasks that have changed
update task_cache t set is_active = c.is_active, display_name = c.display_name, search_text = c.search_text, account = c.account,
  project = c.project, phase = c.phase, project_phase = c.project_phase, department = c.department, discipline = c.discipline,
  task_type = c.task_type, fields_json = c.fields_json, synced_at = pg_catalog.clock_timestamp()
from pg_temp.rc_change c
where c.listed and t.id = c.id
