-- {"made"} -> what was made in employee is gone
delete from employee using pg_catalog.jsonb_to_recordset($1->'made') as made (table_name text, row_id bigint)
where made.table_name = 'employee' and employee.id = made.row_id
