-- The claims of the table's workers, where they were ever noted.
do $$ begin
  if pg_catalog.to_regclass('rc.job_claim') is not null then
    delete from rc.job_claim where job_table = {table_name};
  end if;
end $$
