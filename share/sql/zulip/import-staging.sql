-- the rows of an export as rc-record-split takes them out of its documents, and what this command has prepared for them
create temporary table import_rows (
  name text, -- of the table; "file" for a file, "reserved" for an id and "path" for a file's name that were made beforehand
  element jsonb,
  elements jsonb, -- of a table without a row
  value jsonb
) on commit drop
