-- what the catalogue shows, counted once: rows of each dataset, values of attributes, latest changes; built beside the old and swapped in
do $$
begin
  create table kfm.catalog_datasets_new as
  select s.id as dataset_id, s.title,
    (select pg_catalog.count(*) from kfm.documents d where d.dataset_id = s.id and d.deleted_at is null) as documents,
    (select pg_catalog.count(*) from kfm.places p where p.dataset_id = s.id and p.deleted_at is null) as places,
    (select pg_catalog.count(*) from kfm.relations r where r.dataset_id = s.id) as relations,
    (select pg_catalog.max(d.version) from kfm.documents d where d.dataset_id = s.id and d.deleted_at is null) as latest_version,
    (select pg_catalog.max(d.updated_at) from kfm.documents d where d.dataset_id = s.id and d.deleted_at is null) as latest_change
  from kfm.datasets s;
  create table kfm.catalog_facets_new as
  select dataset_id, a.key as name, a.value, pg_catalog.count(*) as documents
  from kfm.documents, pg_catalog.jsonb_each_text(case when pg_catalog.jsonb_typeof(attributes) = 'object' then attributes else '{}' end) as a
  where deleted_at is null and a.value is not null and pg_catalog.char_length(a.key) <= 200 -- a longer one is none, and no index takes it
  group by dataset_id, a.key, a.value;
  alter table kfm.catalog_datasets_new add primary key (dataset_id);
  create index on kfm.catalog_facets_new (dataset_id, name);
  analyze kfm.catalog_datasets_new, kfm.catalog_facets_new;
  if pg_catalog.to_regclass('kfm.catalog_datasets') is not null then
    lock table kfm.catalog_datasets, kfm.catalog_facets in access exclusive mode;
    drop table kfm.catalog_datasets, kfm.catalog_facets;
  end if;
  alter table kfm.catalog_datasets_new rename to catalog_datasets;
  alter table kfm.catalog_facets_new rename to catalog_facets;
  alter index kfm.catalog_datasets_new_pkey rename to catalog_datasets_pkey;
end
$$;
