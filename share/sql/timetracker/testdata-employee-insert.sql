-- {"user","user_id"} -> the user's employee, where there is none
insert into employee (email, is_active, daily_norm_minutes, created_at, updated_at, user_id)
select $1->>'user', true, 480, pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp(), ($1->>'user_id')::int
on conflict do nothing
