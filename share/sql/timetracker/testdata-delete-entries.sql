-- {"made"} -> what was made in time_entry is gone
delete from time_entry using pg_catalog.jsonb_to_recordset($1->'made') as made (table_name text, row_id bigint)
where made.table_name = 'time_entry' and time_entry.id = made.row_id
