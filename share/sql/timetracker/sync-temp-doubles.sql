-- the ids that come more than once
create temporary table rc_double (
  external_id text
) on commit drop
