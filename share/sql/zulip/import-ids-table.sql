-- what each old number has become; "relation" is the table that it is an id of
create temporary table import_ids (relation text, old bigint, new bigint, primary key (relation, old)) on commit drop
