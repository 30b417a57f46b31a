-- the schema for what rc itself keeps in a product's database, where it is not there yet
-- (CREATE SCHEMA IF NOT EXISTS asks for the right to create one even where it is)
do $$
begin
  if pg_catalog.to_regnamespace('rc') is null then
    create schema rc;
  end if;
end
$$
