-- {} -> "made": what seed-testdata has made and is still there
select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('table_name', s.table_name, 'row_id', s.row_id,
    'name', coalesce(u.username::text, e.email::text, t.external_id::text, pg_catalog.concat(d.work_date, ' ', dt.external_id)))
    order by s.table_name desc, s.row_id), '[]') as made
from rc.seeded s
left join auth_user u on s.table_name = 'auth_user' and u.id = s.row_id and u.username::text = s.row_key
left join employee e on s.table_name = 'employee' and e.id = s.row_id and e.email::text = s.row_key
left join task_cache t on s.table_name = 'task_cache' and t.id = s.row_id and t.external_id::text = s.row_key
left join time_entry d on s.table_name = 'time_entry' and d.id = s.row_id and d.created_at::text = s.row_key
left join task_cache dt on dt.id = d.task_id
where coalesce(u.id::bigint, e.id, t.id, d.id) is not null
