create or replace function rc.job_notify() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_catalog.pg_notify(tg_argv[0], '');
  return null;
end $$
