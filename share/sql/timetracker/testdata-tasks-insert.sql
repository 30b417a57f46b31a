-- {"tasks"} -> those of the tasks that are not there
insert into task_cache (external_id, is_active, display_name, search_text, account, project, phase, project_phase, department,
  discipline, task_type, fields_json, synced_at)
select external_id, true, display_name, search_text, null, null, null, project_phase, department,
  discipline, null, null, pg_catalog.clock_timestamp()
from pg_catalog.jsonb_to_recordset($1->'tasks') as task (external_id text, display_name text, search_text text,
  project_phase text, department text, discipline text)
order by external_id
on conflict (external_id) do nothing
