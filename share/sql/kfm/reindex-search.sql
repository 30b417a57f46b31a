-- the search table, built beside the old one and swapped in by rename: until COMMIT readers have the old one, then the new one
-- The words of one document end at a megabyte: of a body of more than 500 kB only the beginning can be found.
do $$
begin
  create table kfm.search_new as
  select id, dataset_id, title, body, updated_at,
    pg_catalog.setweight(pg_catalog.to_tsvector('english', pg_catalog.left(title, 10000)), 'A')
      || pg_catalog.to_tsvector('english', case when pg_catalog.octet_length(body) > 500000 then pg_catalog.left(body, 125000) else body end) as words
  from kfm.documents where deleted_at is null;
  alter table kfm.search_new add primary key (id);
  create index on kfm.search_new using "gin" (words);
  create index on kfm.search_new (dataset_id);
  if exists (select from pg_catalog.pg_extension where extname = 'pg_trgm') then
    execute (select pg_catalog.format('create index on kfm.search_new using gin (title %I.gin_trgm_ops)', nspname)
      from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace where extname = 'pg_trgm');
  end if;
  analyze kfm.search_new;
  if pg_catalog.to_regclass('kfm.search') is not null then
    lock table kfm.search in access exclusive mode;
    alter table kfm.search rename to search_old;
    alter table kfm.search_new rename to search;
    drop table kfm.search_old;
  else
    alter table kfm.search_new rename to search;
  end if;
  alter index kfm.search_new_pkey rename to search_pkey;
end
$$;
