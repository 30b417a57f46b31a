-- KFM's tables, version 2: what the reindex knows of itself
do $$
begin
  if exists (select from kfm.versions where version = 2) then
    return;
  end if;
  create table kfm.indexes (
    target text primary key, -- search, graph, catalog
    rows bigint not null,
    up_to timestamptz not null, -- changes before this moment are in it
    made_at timestamptz not null default pg_catalog.now()
  );
  insert into kfm.versions (version) values (2);
end
$$;
