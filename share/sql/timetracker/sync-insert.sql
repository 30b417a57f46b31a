-- the new tasks
insert into task_cache (external_id, is_active, display_name, search_text, account, project, phase, project_phase, department,
  discipline, task_type, fields_json, synced_at)
select s.external_id, s.is_active, s.display_name, s.search_text, s.account, s.project, s.phase, s.project_phase, s.department,
  s.discipline, s.task_type, s.fields_json, pg_catalog.clock_timestamp()
from pg_temp.rc_change c join pg_temp.rc_task s on s.external_id = c.external_id
where c.status = 'added'
