-- {"made"} -> a refusal where a row that seed-testdata has not made refers to one that it has
with made as (
  select table_name, row_id, name from pg_catalog.jsonb_to_recordset($1->'made') as item (table_name text, row_id bigint, name text)
), other as (
  select 'time_entry' as table_name, 'task_cache' as refers_to, task_id as row_id from time_entry
    where id not in (select row_id from made where table_name = 'time_entry')
  union all
  select 'time_entry', 'employee', employee_id from time_entry where id not in (select row_id from made where table_name = 'time_entry')
  union all
  select 'auth_token', 'employee', employee_id from auth_token
  union all
  select 'employee', 'auth_user', user_id from employee where id not in (select row_id from made where table_name = 'employee')
  union all
  select 'auth_user_groups', 'auth_user', user_id from auth_user_groups
  union all
  select 'auth_user_user_permissions', 'auth_user', user_id from auth_user_user_permissions
  union all
  select 'django_admin_log', 'auth_user', user_id from django_admin_log
), in_use as (
  select made.name, other.table_name, pg_catalog.count(*) as rows
  from made join other on other.refers_to = made.table_name and other.row_id = made.row_id
  group by made.name, other.table_name
  order by made.name, other.table_name
  limit 1
)
select 'error' as status, pg_catalog.json_build_object('code', 'in_use', 'message', pg_catalog.format(
  '''%s'' is in use: %s row(s) of %s that were not made here refer to it. Nothing was removed.', name, rows, table_name)) as error
from in_use
