-- the old and new names of the uploads that belong to a message or a scheduled one
create temporary table import_attached (name text, id text, paths jsonb, primary key (name, id)) on commit drop
