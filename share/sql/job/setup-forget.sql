-- The claims of the table's workers, where they were ever noted.
do $$ begin
  if pg_catalog.to_regclass('rc.job_claim') is not null then
    delete from rc.job_claim where job_table = (
      select pg_catalog.format('%I.%I', space.nspname, rel.relname)
      from pg_catalog.pg_class as rel
      join pg_catalog.pg_namespace as space on space.oid = rel.relnamespace
      where rel.oid = pg_catalog.to_regclass({table_path})::pg_catalog.oid);
  end if;
end $$
