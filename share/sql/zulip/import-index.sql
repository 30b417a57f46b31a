-- the rows by table and id, in one order for all that follows
create index on pg_temp.import_rows (name, ((element->>'id')))
