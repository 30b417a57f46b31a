-- the listed tasks that are new or have other values
insert into pg_temp.rc_change (external_id, status, listed, before)
select s.external_id, case when t.id is null then 'added' when t.is_active and not s.is_active then 'deactivated'
    when s.is_active and not t.is_active then 'reactivated' else 'updated' end,
  true, pg_catalog.to_jsonb(t.*) - array['id', 'synced_at']
from pg_temp.rc_task s left join task_cache t on t.external_id::text = s.external_id
where s.problem is null and (t.id is null
  or (t.is_active, t.display_name::text, t.search_text, t.account::text, t.project::text, t.phase::text, t.project_phase::text,
      t.department::text, t.discipline::text, t.task_type::text, t.fields_json)
    is distinct from (s.is_active, s.display_name, s.search_text, s.account, s.project, s.phase, s.project_phase,
      s.department, s.discipline, s.task_type, s.fields_json))
