-- the listing, as it comes; text takes numbers, too, and varchar only strings
create temporary table rc_task (
  external_id text,
  display_name varchar,
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
  problem text -- at first what a column could not hold
) on commit drop
