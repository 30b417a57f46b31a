-- the listed tasks that have changed
update task_cache t set is_active = s.is_active, display_name = s.display_name, search_text = s.search_text, account = s.account,
  project = s.project, phase = s.phase, project_phase = s.project_phase, department = s.department, discipline = s.discipline,
  task_type = s.task_type, fields_json = s.fields_json, synced_at = pg_catalog.clock_timestamp()
from pg_temp.rc_change c join pg_temp.rc_task s on s.external_id = c.external_id
where c.listed and c.status <> 'added' and t.external_id::text = c.external_id
