-- the new tasks
insert into task_cache (external_id, is_active, display_name, search_text, account, project, phase, project_phase, department,
  discipline, task_type, fields_json, synced_at)
select external_id, is_active, display_name, search_text, account, project, phase, project_phase, department,
  discipline, task_type, fields_json, pg_catalog.clock_timestamp()
from pg_temp.rc_change
where status = 'added'
