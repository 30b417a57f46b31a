-- the listing, as it comes
create temporary table rc_task (
  external_id text,
  display_name text,
  is_active boolean,
  search_text text,
  account text,
  project text,
  phase text,
  project_phase text,
  department text,
  discipline text,
  task_type text,
  fields_json jsonb,
  updated_at text,
  problem text
) on commit drop
