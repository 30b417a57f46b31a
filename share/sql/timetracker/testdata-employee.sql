-- {"user","user_id","made"} -> "employee_id", and "made" with the employee where this transaction has written it; or why there is none
select e.id as employee_id, case when written then made || pg_catalog.jsonb_build_object(
    'table_name', 'employee', 'row_id', e.id, 'row_key', e.email) else made end as made,
  case when e.id is null then 'error' end as status,
  case when e.id is not null then null
    when taken then pg_catalog.json_build_object('code', 'email_taken',
      'message', pg_catalog.format('The email ''%s'' is that of another user''s employee.', $1->>'user'))
    else pg_catalog.json_build_object('code', 'not_written',
      'message', pg_catalog.format('Employee ''%s'' was not written: the database kept the row out.', $1->>'user'))
  end as error
from (select $1->'made' as made, exists (select from employee where email::text = $1->>'user') as taken) as so_far
left join employee e on e.user_id = ($1->>'user_id')::int
cross join lateral (select e.xmin::text = (pg_catalog.txid_current() % 4294967296)::text as written) as by_us
