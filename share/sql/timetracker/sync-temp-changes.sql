-- what will be written
create temporary table rc_change (
  external_id text,
  status text,
  listed boolean,
  before jsonb
) on commit drop
