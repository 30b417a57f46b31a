-- The runs of many hosts, as rc-run keeps them on each.
create table if not exists rc.run (
  run_id uuid primary key,
  name text not null,
  host text not null,
  status text not null,
  started timestamptz not null,
  ended timestamptz not null,
  exit integer,
  record jsonb not null
)
