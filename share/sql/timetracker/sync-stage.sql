-- [{"external_id","display_name",...}] -> the listing has these, each with what is wrong with it, if anything
insert into pg_temp.rc_task
select case when nul and pg_catalog.strpos(id #>> '{}', pg_catalog.chr(65533)) > 0 then null when pg_catalog.jsonb_typeof(id) in ('string', 'number') then id #>> '{}' end, name #>> '{}', coalesce((case pg_catalog.jsonb_typeof(active) when 'boolean' then active end)::boolean, true),
  coalesce(search_text, pg_catalog.lower(name #>> '{}')), account, project, phase, project_phase, department, discipline,
  task_type, fields_json, updated_at,
  case
    when nul then 'has the character U+0000, which the database can''t hold'
    when coalesce(pg_catalog.jsonb_typeof(id), 'null') not in ('string', 'number') or id #>> '{}' = '' then 'has no external_id'
    when pg_catalog.char_length(id #>> '{}') > 255 then pg_catalog.format('has an external_id of %s characters, but 255 are the most',
      pg_catalog.char_length(id #>> '{}'))
    when coalesce(pg_catalog.jsonb_typeof(name), 'null') <> 'string' or name #>> '{}' = '' then 'has no display_name'
    when pg_catalog.char_length(name #>> '{}') > 255 then pg_catalog.format('has a display_name of %s characters, but 255 are the most',
      pg_catalog.char_length(name #>> '{}'))
    when pg_catalog.jsonb_typeof(active) not in ('boolean', 'null') then 'has an is_active that is neither true nor false'
    when greatest(pg_catalog.char_length(account), pg_catalog.char_length(project), pg_catalog.char_length(phase),
      pg_catalog.char_length(project_phase), pg_catalog.char_length(department), pg_catalog.char_length(discipline),
      pg_catalog.char_length(task_type)) > 255 then 'has a field of more than 255 characters'
  end
from pg_catalog.jsonb_to_recordset($1) as item (external_id jsonb, display_name jsonb, is_active jsonb, search_text text,
  account text, project text, phase text, project_phase text, department text, discipline text, task_type text,
  fields_json jsonb, updated_at text, rc_nul boolean)
cross join lateral (select external_id as id, display_name as name, is_active as active, rc_nul as nul) as short
