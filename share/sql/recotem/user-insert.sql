-- {"username","hash"} -> a new user, where user-update.sql found none; one that another session made meanwhile is updated
insert into auth_user (password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
select $1->>'hash', null, false, $1->>'username', '', '', '', false, true, pg_catalog.clock_timestamp()
where $1->>'user_id' is null
on conflict (username) do update set password = excluded.password
returning id as user_id, case when xmax = 0 then 'created' else 'updated' end as status
