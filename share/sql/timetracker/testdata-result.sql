-- {"user","made"} -> a record for the user and the employee, made or found, and for each task and entry that was made
with made as (
  select item->>'table_name' as in_table, coalesce(item->>'name', item->>'row_key') as name, n
  from pg_catalog.jsonb_array_elements($1->'made') with ordinality as each (item, n)
)
select kind, coalesce(name, $1->>'user') as name, case when name is null then 'unchanged' else 'created' end as status
from (values (1, 'auth_user', 'User'), (2, 'employee', 'Employee'), (3, 'task_cache', 'TaskCache'), (4, 'time_entry', 'TimeEntry'))
  as kinds (place, its_table, kind)
left join made on in_table = its_table
where name is not null or place <= 2
order by place, n
