-- what will be written
create temporary table rc_change (
  id bigint, -- null for a new one
  external_id text,
  status text,
  listed boolean,
  before jsonb,
  is_active boolean,
  display_name text,
  search_text text,
  account text,
  project text,
  phase text,
  project_phase text,
  department text,
  discipline text,
  task_type text,
  fields_json jsonb
) on commit drop
