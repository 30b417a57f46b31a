-- KFM's tables, version 4: embeddings of documents, a vector where pgvector is to be had, else an array
do $$
begin
  if exists (select from kfm.versions where version = 4) then
    return;
  end if;
  if exists (select from pg_catalog.pg_available_extensions where name = 'vector')
    and not exists (select from pg_catalog.pg_extension where extname = 'vector')
    and pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create') then
    begin
      create extension vector with schema public;
    exception when insufficient_privilege or invalid_schema_name then
      null;
    end;
  end if;
  create table kfm.embeddings (
    document_id text primary key,
    dataset_id text not null,
    model text not null,
    digest text not null, -- of the text that was read, SHA-256
    embedding real[] not null,
    updated_at timestamptz not null default pg_catalog.now()
  );
  if exists (select from pg_catalog.pg_extension where extname = 'vector') then
    execute (select pg_catalog.format('alter table kfm.embeddings alter column embedding type %I.vector using null', n.nspname)
      from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector');
  end if;
  create index embeddings_dataset on kfm.embeddings (dataset_id);
  insert into kfm.versions (version) values (4);
end
$$;
