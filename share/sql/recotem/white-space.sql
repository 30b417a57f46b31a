-- -> "white_space": the characters that Python's strip() takes away; in a database that is not in UTF8 those of ASCII, for it may
-- have no others
select pg_catalog.string_agg(pg_catalog.chr(code), '') as white_space
from pg_catalog.unnest(array[9, 10, 11, 12, 13, 28, 29, 30, 31, 32, 133, 160, 5760, 8192, 8193, 8194, 8195, 8196, 8197, 8198, 8199,
  8200, 8201, 8202, 8232, 8233, 8239, 8287, 12288]) as code
where code < 128 or pg_catalog.getdatabaseencoding()::text = 'UTF8'
