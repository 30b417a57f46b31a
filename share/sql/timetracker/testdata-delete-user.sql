-- {"made"} -> what was made in auth_user is gone
delete from auth_user using pg_catalog.jsonb_to_recordset($1->'made') as made (table_name text, row_id bigint)
where made.table_name = 'auth_user' and auth_user.id::bigint = made.row_id
