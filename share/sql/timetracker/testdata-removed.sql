-- {"made"} -> a record for each row that is gone, or a refusal where one is still there, which a trigger can bring about
with made as (
  select item->>'table_name' as its_table, (item->>'row_id')::bigint as row_id, item->>'name' as name, n
  from pg_catalog.jsonb_array_elements($1->'made') with ordinality as each (item, n)
), looked as (
  select *, case its_table
    when 'auth_user' then exists (select from auth_user where id::bigint = row_id)
    when 'employee' then exists (select from employee where id = row_id)
    when 'task_cache' then exists (select from task_cache where id = row_id)
    else exists (select from time_entry where id = row_id) end as there
  from made
)
select case its_table when 'auth_user' then 'User' when 'employee' then 'Employee' when 'task_cache' then 'TaskCache'
    else 'TimeEntry' end as kind, name, case when there then 'error' else 'removed' end as status,
  case when there then pg_catalog.json_build_object('code', 'not_removed',
    'message', pg_catalog.format('''%s'' was not removed: the database kept the row.', name)) end as error
from looked
order by n
