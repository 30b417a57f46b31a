-- {"made"} -> the rows that were made are noted for --remove
insert into rc.seeded (table_name, row_id, row_key, made_at)
select table_name, row_id, row_key, pg_catalog.now()
from pg_catalog.jsonb_to_recordset($1->'made') as made (table_name text, row_id bigint, row_key text)
on conflict (table_name, row_id) do update set row_key = excluded.row_key, made_at = excluded.made_at
