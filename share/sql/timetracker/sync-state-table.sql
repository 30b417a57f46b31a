-- what the last sync with each source has seen
do $$
begin
  if pg_catalog.to_regclass('rc.task_sync') is null then
    create table rc.task_sync (
      source text primary key,
      mark text, -- the high-water mark, in the source's own form; null where it is not known
      synced_at timestamptz not null,
      full_at timestamptz -- the last complete full listing
    );
  end if;
end
$$
