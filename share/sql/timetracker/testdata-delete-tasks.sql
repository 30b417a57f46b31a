-- {"made"} -> what was made in task_cache is gone
delete from task_cache using pg_catalog.jsonb_to_recordset($1->'made') as made (table_name text, row_id bigint)
where made.table_name = 'task_cache' and task_cache.id = made.row_id
