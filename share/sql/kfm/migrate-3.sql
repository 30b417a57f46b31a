-- KFM's tables, version 3: an index is noted without its count; and pg_trgm, for the search by parts of words, where it is to be had
do $$
begin
  if exists (select from kfm.versions where version = 3) then
    return;
  end if;
  if exists (select from pg_catalog.pg_available_extensions where name = 'pg_trgm')
    and not exists (select from pg_catalog.pg_extension where extname = 'pg_trgm')
    and pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create') then
    begin
      create extension pg_trgm with schema public;
    exception when insufficient_privilege or invalid_schema_name then
      null;
    end;
  end if;
  alter table kfm.indexes drop column rows;
  insert into kfm.versions (version) values (3);
end
$$;
