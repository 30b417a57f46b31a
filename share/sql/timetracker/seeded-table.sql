-- the list of the rows that seed-testdata has made, so that --remove takes away these and no others
do $$
begin
  if pg_catalog.to_regclass('rc.seeded') is null then
    create table rc.seeded (
      table_name text not null,
      row_id bigint not null,
      row_key text not null, -- tells the row from a later one of the same number
      made_at timestamptz not null,
      primary key (table_name, row_id)
    );
  end if;
end
$$
