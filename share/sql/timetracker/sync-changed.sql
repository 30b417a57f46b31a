-- {"mode"} -> the listed tasks that are new or have other values; and where the listing is a full one, the active tasks that it
-- does not have, unless a task without an id was rejected, for it may be any
insert into pg_temp.rc_change (id, external_id, status, listed, before, is_active, display_name, search_text, account, project, phase,
  project_phase, department, discipline, task_type, fields_json)
select t.id, coalesce(s.external_id, t.external_id), case when t.id is null then 'added'
    when t.is_active and (s.ctid is null or not coalesce(s.is_active, true)) then 'deactivated'
    when coalesce(s.is_active, true) and not t.is_active then 'reactivated' else 'updated' end,
  s.ctid is not null, pg_catalog.to_jsonb(t.*) - array['id', 'synced_at'],
  coalesce(s.is_active, true), s.display_name, coalesce(s.search_text, pg_catalog.lower(s.display_name)), s.account, s.project, s.phase,
  s.project_phase, s.department, s.discipline, s.task_type, s.fields_json
from pg_temp.rc_task s full join task_cache t on t.external_id::text = s.external_id
where case when s.ctid is null then t.is_active and $1->>'mode' = 'full'
    and not exists (select from pg_temp.rc_task where external_id is null or external_id = '')
  else s.problem is null and (t.id is null
  or (t.is_active, t.display_name::text, t.search_text, t.account::text, t.project::text, t.phase::text, t.project_phase::text,
      t.department::text, t.discipline::text, t.task_type::text, t.fields_json)
    is distinct from (coalesce(s.is_active, true), s.display_name::text, coalesce(s.search_text, pg_catalog.lower(s.display_name)),
      s.account, s.project, s.phase, s.project_phase, s.department, s.discipline, s.task_type, s.fields_json)) end
